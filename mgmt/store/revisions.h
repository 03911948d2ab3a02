// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/replication/position.h"
#include "mgmt/store/database.h"
#include "mgmt/store/records.h"
#include "mgmt/store/revision.h"

// The history, a row a revision. What the newest one holds is in the records' tables; each before
// it keeps what leads back to it from the one after it, so that a commit writes no more than it
// changes, and every 64th the whole of its records, so that damage to one takes few with it.
// Threads: as the database.
namespace yoke::store {

struct Newest {
  std::uint64_t revision = 0;  // 0: there is none
  std::string digest;          // of its records
  std::chrono::system_clock::time_point committed_at;
  // Where what belongs to the unit alone is; nothing: among its records, as releases before wrote.
  std::optional<UnitRow> unit;
  replication::Position position;
};
[[nodiscard]] Result<Newest> newest_revision(Database& database);

// What is said of revision `id`. E-404.
[[nodiscard]] Result<CommitInfo> info_of(Database& database, std::uint64_t id);
// Newest first.
[[nodiscard]] Result<std::vector<Revision>> history(Database& database, std::size_t count);

// Those that are kept, oldest first.
[[nodiscard]] Result<std::vector<replication::Position>> positions(Database& database);

struct Addition {
  replication::Position position;
  CommitInfo info;
  UnitRow unit = {};  // what belongs to the unit alone is there
  // The one before it is of its number less one; else that is dealt with already (branches.h).
  bool follows = true;
};
// Adds a revision with the records `next` behind one that holds `before`, and forgets those beyond
// kRevisionsKept, within the caller's transaction.
[[nodiscard]] Status add_revision(Database& database, const Addition& addition,
                                  const Records& before, const Records& next);
// The revision `id`, which holds `held`, needs no other to be read any more.
[[nodiscard]] Status keep_whole(Database& database, std::uint64_t id, const Records& held);

// What a revision holds, as Newest says of the newest.
struct Content {
  Records records;
  std::optional<UnitRow> unit;
};
// Of revision `id`, where the newest has the records `newest`. E-404 for one that is not kept,
// E-504 for one that is damaged.
[[nodiscard]] Result<Content> content_of(Database& database, std::uint64_t id,
                                         const Records& newest);

// The rows of unit.db that revisions need; nothing where one does not tell, being damaged.
[[nodiscard]] Result<std::optional<std::vector<UnitRow>>> unit_rows(Database& database);
// Nothing belonged to the unit alone, in any revision.
[[nodiscard]] Status forget_unit_rows(Database& database);

}  // namespace yoke::store
