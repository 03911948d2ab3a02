// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/base/result.h"
#include "mgmt/store/revision.h"

// What belongs to the unit alone, within the database of a backup: the row of unit.db that its
// newest revision needs, in the table `unit_part`. Threads: any; nobody else uses the database.
namespace yoke::store {

struct UnitPart {
  UnitRow row;
  std::string document;
};

// Adds it to the copy of a store at `path`. Not synced.
[[nodiscard]] Status write_unit_part(const std::string& path, const UnitPart& part);

// Puts what the backup at `path` has of it into a unit.db beside it, so that it opens as a store
// does. False where it does not tell: then its newest revision has nothing of the unit's own but
// what is among its records. Errors as of a store that is opened.
[[nodiscard]] Result<bool> unpack_unit_part(const std::string& path);

}  // namespace yoke::store
