// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/model/path.h"
#include "mgmt/model/records.h"

// A configuration as a value: records by path. Holds canonical text only, so that equal
// configurations compare equal, field by field. A copy is cheap (records.h). Threads: a value;
// copies of one are owned by one.
namespace yoke::model {

struct Field;

// The record of `kind` of which there is one.
[[nodiscard]] inline Path only(std::string_view kind) { return Path{}.child(kind, ""); }

// `path` with its keys in canonical text; E-101 or E-102 where the schema has no such place.
[[nodiscard]] Result<Path> canonical(const Path& path);

// More than any unit's limits add up to: what can be made of a few lines must have an end.
inline constexpr std::size_t kRecordsMax = 300'000;

class Config {
 public:
  // The record at `path`, or null.
  [[nodiscard]] const Fields* find(const Path& path) const;
  // The value of a field: as set, or the schema's default ("" where it has none, and where a record
  // with this key has no such field).
  [[nodiscard]] std::string value(const Path& path, std::string_view field) const;
  // Keys of the records of `kind` below `parent` (empty: top level), sorted.
  [[nodiscard]] std::vector<std::string> keys(std::string_view kind, const Path& parent = {}) const;

  // The records of `kind` in `parent`, sorted by key, with what is set in each: for those who walk
  // many. Good until the configuration changes.
  struct Child {
    const std::string& key;
    const Fields& fields;
  };
  [[nodiscard]] std::vector<Child> children(std::string_view kind, const Path& parent) const;

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

  [[nodiscard]] const Records& records() const noexcept { return records_; }
  friend bool operator==(const Config&, const Config&) = default;

 private:
  void drop_if_unset(const Path& place);  // equal configurations compare equal
  void refer_anew(std::string_view kind, const std::string& from, const std::string& to);

  Records records_;
};

// What a record with `fields` has as `field`: the value that is set, or the schema's default.
[[nodiscard]] std::string_view value_in(const Fields& fields, const Field& field);

}  // namespace yoke::model
