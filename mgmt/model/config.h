// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

// A configuration as a value: records by path. Holds canonical text only, so that equal
// configurations compare equal, field by field. Threads: a value, any.
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

// The record of `kind` of which there is one.
[[nodiscard]] inline Path only(std::string_view kind) { return Path{}.child(kind, ""); }

// `path` with its keys in canonical text; E-101 or E-102 where the schema has no such place.
[[nodiscard]] Result<Path> canonical(const Path& path);

// Fields set by somebody; those left out have the schema's default.
using Fields = std::map<std::string, std::string, std::less<>>;

// More than any unit's limits add up to: what can be made of a few lines must have an end.
inline constexpr std::size_t kRecordsMax = 100'000;

class Config {
 public:
  // The record at `path`, or null.
  [[nodiscard]] const Fields* find(const Path& path) const;
  // The value of a field: as set, or the schema's default ("" where it has none, and where a record
  // with this key has no such field).
  [[nodiscard]] std::string value(const Path& path, std::string_view field) const;
  // Keys of the records of `kind` below `parent` (empty: top level), sorted.
  [[nodiscard]] std::vector<std::string> keys(std::string_view kind, const Path& parent = {}) const;

  // Creates the record, and those it lives in, where they are not there, and sets `fields` on it; a
  // field set to its default is left out, so that equal configurations compare equal. Path and
  // values are checked against the schema, one by one; references and required fields are the
  // rules' business (rules.h). Error E-101 unknown word, E-102 bad value... Changes nothing on
  // error.
  [[nodiscard]] Status set(const Path& path, const Fields& fields);
  // Removes the record with all below it, or the named fields only. E-404 if it is not there.
  [[nodiscard]] Status remove(const Path& path, const std::vector<std::string>& fields = {});

  // Gives the record another key, or makes another of that key, with all that lives in it. Fields
  // that refer to a record follow it to its new name. E-404 if it is not there, E-408 if `key` is
  // taken, E-407 if there would be more records than kRecordsMax. Changes nothing on error.
  [[nodiscard]] Status rename(const Path& path, const std::string& key);
  [[nodiscard]] Status copy(const Path& path, const std::string& key);

  [[nodiscard]] const std::map<Path, Fields>& records() const noexcept { return records_; }
  friend bool operator==(const Config&, const Config&) = default;

 private:
  void drop_if_unset(const Path& place);  // equal configurations compare equal
  void refer_anew(std::string_view kind, const std::string& from, const std::string& to);

  std::map<Path, Fields> records_;
};

}  // namespace yoke::model
