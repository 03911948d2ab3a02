// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dataplane/api/errors.h"
#include "hal/base/result.h"

// Strict reading of JSON from somebody else. A Reader stands at one place of a document; asking it
// for a value of some type gives that value, or notes what is wrong and where and gives an empty
// one. Only the first fault counts: `read()` turns it into the Result, so that a decoder is written
// as if nothing could be wrong.
//
// A Reader refers to the document and to the Reader above it: use it within one expression or as a
// parameter, never store it. Threads: one.
namespace yoke::api {

using Json = nlohmann::json;

class Reader {
 public:
  Reader(const Json& document, std::optional<Error>& fault) : json_(&document), fault_(fault) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() = default;

  // The member `key` of an object. It must be there; keys not asked for are ignored.
  [[nodiscard]] Reader operator[](std::string_view key) const;

  // Whether there is such a member.
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] bool is_list() const noexcept { return json_ != nullptr && json_->is_array(); }

  [[nodiscard]] std::string string() const;
  [[nodiscard]] bool boolean() const;
  // 0 to the largest T. Neither a fraction nor text in digits is a number.
  template <typename T>
  [[nodiscard]] T number() const {
    static_assert(std::is_unsigned_v<T>);
    return static_cast<T>(number_up_to(std::numeric_limits<T>::max()));
  }
  // One of `words`; its index is the enumerator.
  template <typename Enum>
  [[nodiscard]] Enum one_of(std::span<const std::string_view> words) const {
    return static_cast<Enum>(index_of(words));
  }
  // Text in the form that T::parse reads.
  template <typename T>
  [[nodiscard]] T parsed() const {
    const std::string text = string();
    if (fault_) return {};
    auto value = T::parse(text);
    if (!value) note(kBadValue, value.error().text);
    return value ? *value : T{};
  }
  template <typename Read>
  [[nodiscard]] auto list(Read read) const -> std::vector<decltype(read(*this))> {
    std::vector<decltype(read(*this))> items;
    if (!expect(Json::value_t::array)) return items;
    items.reserve(json_->size());
    for (std::size_t i = 0; i < json_->size() && !fault_; ++i) {
      items.push_back(read(Reader(*this, &(*json_)[i], {}, i)));
    }
    return items;
  }
  // An object whose keys are data.
  template <typename Read>
  [[nodiscard]] auto map(Read read) const -> std::map<std::string, decltype(read(*this))> {
    std::map<std::string, decltype(read(*this))> items;
    if (!expect(Json::value_t::object)) return items;
    for (auto it = json_->begin(); it != json_->end() && !fault_; ++it) {
      items.emplace(it.key(), read(Reader(*this, &it.value(), it.key(), 0)));
    }
    return items;
  }

  // Notes that the value here will not do.
  void note(std::string_view id, std::string_view what) const;

 private:
  Reader(const Reader& parent, const Json* json, std::string_view key, std::size_t index)
      : json_(json), parent_(&parent), key_(key), index_(index), fault_(parent.fault_) {}

  [[nodiscard]] std::uint64_t number_up_to(std::uint64_t max) const;
  [[nodiscard]] std::size_t index_of(std::span<const std::string_view> words) const;
  // Whether a value of this type is here; notes the fault otherwise.
  [[nodiscard]] bool expect(Json::value_t type) const;
  [[nodiscard]] std::string place() const;  // "pools[3].servers[0].weight"

  const Json* json_;  // null: below a fault
  const Reader* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  std::optional<Error>& fault_;
};

// What `decode` makes of `document`, or the first fault in it.
template <typename Decode>
[[nodiscard]] auto read(const Json& document, Decode decode)
    -> Result<decltype(decode(std::declval<const Reader&>()))> {
  std::optional<Error> fault;
  const Reader root(document, fault);
  auto value = decode(root);
  if (fault) return tl::unexpected<Error>(*std::move(fault));
  return value;
}

// One JSON object from text, at most 32 levels deep: deeper nesting is no message of ours, and
// costs its reader a hundred times its length in memory.
[[nodiscard]] Result<Json> parse_object(std::string_view text);

}  // namespace yoke::api
