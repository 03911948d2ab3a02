// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/json_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace yoke::api {
namespace {

constexpr int kDepthMax = 32;

std::string_view type_name(Json::value_t type) {
  switch (type) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "text";
    case Json::value_t::boolean:
      return "true or false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "a number";
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return "nothing";
}

bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Reader Reader::operator[](std::string_view key) const {
  if (!expect(Json::value_t::object)) return {*this, nullptr, key, 0};
  const auto member = json_->find(key);
  if (member == json_->end()) {
    note(kBadShape, fmt::format("'{}' is missing", key));
    return {*this, nullptr, key, 0};
  }
  return {*this, &*member, key, 0};
}

bool Reader::has(std::string_view key) const {
  return json_ != nullptr && json_->is_object() && json_->contains(key);
}

std::string Reader::string() const {
  return expect(Json::value_t::string) ? json_->get_ref<const std::string&>() : std::string();
}

bool Reader::boolean() const { return expect(Json::value_t::boolean) && json_->get<bool>(); }

std::uint64_t Reader::number_up_to(std::uint64_t max) const {
  if (fault_ || json_ == nullptr) return 0;
  if (!json_->is_number()) {
    note(kBadShape, fmt::format("is {} where a number is needed", type_name(json_->type())));
    return 0;
  }
  if (!json_->is_number_unsigned() || json_->get<std::uint64_t>() > max) {
    note(kBadValue, fmt::format("{} is not a whole number from 0 to {}", json_->dump(), max));
    return 0;
  }
  return json_->get<std::uint64_t>();
}

std::size_t Reader::index_of(std::span<const std::string_view> words) const {
  const std::string word = string();
  if (fault_) return 0;
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    note(kBadValue, fmt::format("'{}' is none of {}", word, fmt::join(words, ", ")));
    return 0;
  }
  return static_cast<std::size_t>(found - words.begin());
}

bool Reader::expect(Json::value_t type) const {
  if (fault_ || json_ == nullptr) return false;
  if (json_->type() == type) return true;
  note(kBadShape,
       fmt::format("is {} where {} is needed", type_name(json_->type()), type_name(type)));
  return false;
}

void Reader::note(std::string_view id, std::string_view what) const {
  if (fault_) return;
  const std::string where = place();
  fault_ = Error{
      Errc::kInvalid, std::string(id),
      where.empty() ? fmt::format("the message: {}", what) : fmt::format("{}: {}", where, what)};
}

std::string Reader::place() const {
  if (parent_ == nullptr) return {};
  std::string path = parent_->place();
  if (key_.data() == nullptr) return path + fmt::format("[{}]", index_);
  if (!path.empty()) path += '.';
  path += key_;
  return path;
}

Result<Json> parse_object(std::string_view text) {
  if (too_deep(text)) {
    return fail(Errc::kInvalid, kNotJson,
                fmt::format("the message nests deeper than {} levels", kDepthMax));
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return fail(Errc::kInvalid, kNotJson, "the message is not one JSON object");
  }
  return json;
}

}  // namespace yoke::api
