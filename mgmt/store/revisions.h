// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"
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
};
[[nodiscard]] Result<Newest> newest_revision(Database& database);

// Newest first.
[[nodiscard]] Result<std::vector<Revision>> history(Database& database, std::size_t count);

// Adds the revision `id` with the records `next` behind one that holds `before`, and forgets those
// beyond kRevisionsKept, within the caller's transaction.
[[nodiscard]] Status add_revision(Database& database, std::uint64_t id, const CommitInfo& info,
                                  const Records& before, const Records& next);

// The records of revision `id`, where the newest has `newest`. E-404 for one that is not kept,
// E-504 for one that is damaged.
[[nodiscard]] Result<Records> records_of(Database& database, std::uint64_t id,
                                         const Records& newest);

}  // namespace yoke::store
