// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"

// What a database file says that it is, and whether it is whole. Threads: as the database.
namespace yoke::store {

class Database;

struct Identity {
  std::int64_t application = 0;  // SQLite's application_id: whose file it is
  std::int64_t version = 0;      // and user_version: of which form
};

[[nodiscard]] Result<Identity> identity_of(Database& database);

// Gives a new file its tables and its identity, in one transaction.
[[nodiscard]] Status make_tables(Database& database, const std::string& sql, Identity identity);

// The first thing that is wrong, in SQLite's words; empty: nothing. `check` is one of its pragmas,
// "quick_check(1)".
[[nodiscard]] Result<std::string> damage_in(Database& database, const std::string& check);

}  // namespace yoke::store
