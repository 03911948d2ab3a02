// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "mgmt/model/json.h"
#include "mgmt/store/digest.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {

// From outside, as a person with a shell would.
inline void alter(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
}

// What version 6 of the file had not.
inline constexpr const char* kWithoutPeer =
    "ALTER TABLE revision DROP COLUMN epoch; ALTER TABLE revision DROP COLUMN chain;"
    "DROP TABLE tentative; DROP TABLE branch; DROP TABLE branch_revision;";

// The store at revision 1, first_config(), as a release of version 1 to 4 of the file wrote it:
// with the whole document of each revision.
inline void make_store_of_version(int version, const std::string& path) {
  make_store(path);
  const std::string document = model::to_json(first_config()).dump();
  std::string sql =
      std::string(kWithoutPeer) +
      "ALTER TABLE revision DROP COLUMN unit;"
      "ALTER TABLE revision DROP COLUMN changes_back; ALTER TABLE revision DROP COLUMN "
      "changes_from;"
      "UPDATE revision SET document = '" +
      document + "', document_digest = '" + digest(document) + "';";
  if (version < 3) sql += "DROP TABLE scheduled;";
  if (version == 1) {
    sql += "DROP TABLE unconfirmed; ALTER TABLE revision DROP COLUMN document_digest;";
  }
  sql += "PRAGMA user_version = " + std::to_string(version);
  alter(path, sql);
}

// The same at version 5, the last without a unit.db, with a name among its records.
inline void make_named_store_of_version_5(const std::string& path, const std::string& name) {
  make_store(path);
  alter(path, "INSERT INTO system (system, name) VALUES ('', '" + name +
                  "'); UPDATE revision SET digest = '" +
                  digest(named(first_config(), name).records()) + "';" + kWithoutPeer +
                  "ALTER TABLE revision DROP COLUMN unit; PRAGMA user_version = 5");
}

}  // namespace yoke::store
