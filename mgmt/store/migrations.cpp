// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/migrations.h"

#include <array>
#include <string>

#include "mgmt/store/errors.h"
#include "mgmt/store/previous.h"
#include "mgmt/store/tables.h"
#include "mgmt/store/transaction.h"

namespace yoke::store {
namespace {

// The database has taken as many steps as its user_version says. A step that has been released is
// never edited: what it left out is the next step.
constexpr std::array kSteps{
    // 1. Who committed what, and settings that are made once. `at` is in ms of the wall clock.
    "CREATE TABLE revision ("
    " id INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " user TEXT NOT NULL,"
    " origin TEXT NOT NULL,"
    " how TEXT NOT NULL,"
    " note TEXT NOT NULL,"
    " changes TEXT NOT NULL,"
    " document TEXT NOT NULL,"
    " digest TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE setting ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO setting VALUES ('hash_key', randomblob(16));",
    // 2. Old revisions can be gone back to, so damage to them must show; those of before have no
    // digest of their document. A commit that waits for its confirmation, or none. `boot_until` is
    // in ms of the boot's own
    // clock, the others of the wall clock.
    "ALTER TABLE revision ADD COLUMN document_digest TEXT;"
    "CREATE TABLE unconfirmed ("
    " revision INTEGER PRIMARY KEY,"
    " back_to INTEGER NOT NULL,"
    " boot TEXT NOT NULL,"
    " boot_until INTEGER NOT NULL,"
    " set_at INTEGER NOT NULL,"
    " until INTEGER NOT NULL"
    ") STRICT;",
    // 3. A commit that is to be made at a time, in ms of the wall clock, or none.
    "CREATE TABLE scheduled ("
    " at INTEGER PRIMARY KEY,"
    " base TEXT NOT NULL,"
    " document TEXT NOT NULL,"
    " whole INTEGER NOT NULL,"
    " user TEXT NOT NULL,"
    " uid INTEGER NOT NULL,"
    " origin TEXT NOT NULL,"
    " note TEXT NOT NULL,"
    " confirm_ms INTEGER,"
    " digest TEXT NOT NULL"
    ") STRICT;",
    // 4. The tables are the same, documents are not: checks are of more kinds, several of a kind
    // and with names, which releases before cannot read.
    "",
    // 5. Revisions by what leads back to them (revisions.h). Those of before keep their documents,
    // and document_digest is of either.
    "ALTER TABLE revision ADD COLUMN changes_back TEXT;"
    "ALTER TABLE revision ADD COLUMN changes_from INTEGER;",
    // 6. What belongs to the unit alone is in unit.db, and each revision says in which row of it
    // (revisions.cpp). Those of before say nothing: they hold it themselves.
    "ALTER TABLE revision ADD COLUMN unit TEXT;",
    // 7. A revision's place in the history that two units share (chain.h); those of before have
    // none. What the peer proposes and is not committed yet, or none; histories that had to give
    // way (branches.h).
    "ALTER TABLE revision ADD COLUMN epoch INTEGER;"
    "ALTER TABLE revision ADD COLUMN chain TEXT;"
    "CREATE TABLE tentative ("
    " attempt INTEGER PRIMARY KEY,"
    " boot INTEGER NOT NULL,"
    " body TEXT NOT NULL,"
    " digest TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE branch ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " at INTEGER NOT NULL,"
    " revision INTEGER NOT NULL,"
    " common INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE branch_revision ("
    " branch TEXT NOT NULL,"
    " id INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " user TEXT NOT NULL,"
    " origin TEXT NOT NULL,"
    " how TEXT NOT NULL,"
    " note TEXT NOT NULL,"
    " changes TEXT NOT NULL,"
    " document TEXT NOT NULL,"
    " digest TEXT NOT NULL,"
    " document_digest TEXT,"
    " changes_back TEXT,"
    " changes_from INTEGER,"
    " unit TEXT,"
    " epoch INTEGER,"
    " chain TEXT,"
    " PRIMARY KEY (branch, id)"
    ") STRICT, WITHOUT ROWID;",
};

constexpr std::int64_t kApplicationId = 0x594f4b45;  // "YOKE"

Status take_steps(Database& database, std::int64_t taken) {
  for (auto step = static_cast<std::size_t>(taken); step < kSteps.size(); ++step) {
    auto done = database.execute(std::string(kSteps[step]) +
                                 "PRAGMA user_version=" + std::to_string(step + 1));
    if (!done) return done;
  }
  return bring_up_to_date(database);
}

}  // namespace

Result<std::int64_t> version_of(Database& database) {
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  return version->value_or(0);
}

std::int64_t version_of_this_release() noexcept { return std::int64_t{kSteps.size()}; }

Status verify_identity(Database& database) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return tl::unexpected<Error>(application.error());
  if (*application != kApplicationId) {
    return fail(Errc::kRefused, kNotADatabase,
                database.path() + ": is a database, but not a Yoke configuration; " +
                    to_begin_anew(database.path()));
  }
  const auto version = version_of(database);
  if (!version) return tl::unexpected<Error>(version.error());
  const std::int64_t known = version_of_this_release();
  if (*version < 1) {
    return fail(Errc::kRefused, kNotADatabase,
                database.path() + ": is a Yoke configuration of no release; " +
                    to_begin_anew(database.path()));
  }
  if (*version > known) {
    return fail(Errc::kRefused, kNewerVersion,
                database.path() + ": is of version " + std::to_string(*version) +
                    "; this release knows versions 1 to " + std::to_string(known) +
                    ": run the release that wrote it, or put back " +
                    previous_path(database.path(), known) +
                    " if it was kept at the upgrade (README, Upgrade, tells how)");
  }
  return {};
}

Status migrate(Database& database) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  const auto taken = version_of(database);
  if (!taken) return tl::unexpected<Error>(taken.error());
  if (*taken == 0) {
    auto named = database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    if (!named) return named;
  }
  if (auto done = take_steps(database, *taken); !done) return done;
  return transaction->commit();
}

}  // namespace yoke::store
