// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hal/base/result.h"
#include "mgmt/store/database.h"

// The database's shape: numbered steps, each taken once and for ever, and after them the records'
// tables, which follow the schema by themselves (tables.h). Threads: as the database.
namespace yoke::store {

// How many steps the file has taken, and how many this release knows.
[[nodiscard]] Result<std::int64_t> version_of(Database& database);
[[nodiscard]] std::int64_t version_of_this_release() noexcept;
// The first version whose revisions say which row of unit.db they need.
inline constexpr std::int64_t kFirstWithUnitRows = 6;

// What the file says it is. E-504 damaged, E-505 of a newer release, E-509 not one of ours. Writes
// nothing.
[[nodiscard]] Status verify_identity(Database& database);
// Takes the steps that are missing, all in one transaction; writes nothing where none is.
[[nodiscard]] Status migrate(Database& database);

}  // namespace yoke::store
