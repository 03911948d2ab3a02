// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"

// What lies between two configurations. Threads: values, any.
namespace yoke::model {

// A field before and after; nothing: not set, so at its default (or the record is not there).
struct FieldChange {
  std::optional<std::string> before, after;
  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

struct Change {
  enum class Kind : std::uint8_t { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  Path path;
  std::map<std::string, FieldChange, std::less<>> fields;  // those that differ
  friend bool operator==(const Change&, const Change&) = default;
};

// One change a record, sorted by path; a removed record brings those that lived in it.
[[nodiscard]] std::vector<Change> diff(const Config& before, const Config& after);

// Keys of the top-level records of `kind` that differ, or in which something does. Costs no look at
// what the two share.
[[nodiscard]] std::set<std::string> keys_that_differ(const Config& before, const Config& after,
                                                     std::string_view kind);

// For people, one line a change of a record or field, each ended by a newline:
//   "+ pool web server 192.0.2.13:80 weight 2", "- vip old", "~ pool web method nat -> dsr".
[[nodiscard]] std::string to_text(const std::vector<Change>& changes);
// "+1 vip ~2 servers": what `show history` has room for.
[[nodiscard]] std::string summary(const std::vector<Change>& changes);

}  // namespace yoke::model
