// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Where a record is and what it holds. Threads: values, any.
namespace yoke::model {

// Where a record is: kind and key, from the outermost: {"pool","web"}, or
// {"pool","web","server","192.0.2.11:8080"}. The kinds decide the type; each level has one key,
// which is "" for a kind of which there is one: {"system",""}.
struct Path {
  std::vector<std::string> words;  // kind, key [, kind, key]

  // "pool web server 192.0.2.11:8080", "system"
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] std::string_view kind() const { return words[words.size() - 2]; }
  [[nodiscard]] const std::string& key() const { return words.back(); }
  [[nodiscard]] bool is_at_or_below(const Path& top) const;
  [[nodiscard]] Path child(std::string_view kind_word, std::string_view key_word) const;
  friend auto operator<=>(const Path&, const Path&) = default;
};

// Fields set by somebody; those left out have the schema's default.
using Fields = std::map<std::string, std::string, std::less<>>;

}  // namespace yoke::model
