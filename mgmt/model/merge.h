// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/model/config.h"

// Two people's changes to one configuration. What one of them changed and the other did not is
// taken; where both changed the same to something else, it is a conflict. Threads: any.
namespace yoke::model {

// Where both changed the same.
struct Conflict {
  Path path;          // empty: the configuration as a whole
  std::string field;  // empty: the record, which one removed and the other changed
  std::optional<std::string> mine, theirs;  // the field's values; without one: its default
  friend bool operator==(const Conflict&, const Conflict&) = default;
};

enum class Side : std::uint8_t { kMine, kTheirs };

struct Merged {
  Config config;  // with `preferred` where there is a conflict
  std::vector<Conflict> conflicts;
};

// What `mine` changed since `base`, done to `theirs`. What somebody removed with all below it is in
// conflict as a whole where the other changed a part of it.
[[nodiscard]] Merged merge(const Config& base, const Config& mine, const Config& theirs,
                           Side preferred);

// "pool web server 192.0.2.11:80 weight: 3 here, 5 there"
[[nodiscard]] std::string to_text(const Conflict& conflict);

}  // namespace yoke::model
