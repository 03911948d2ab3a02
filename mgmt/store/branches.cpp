// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/branches.h"

#include <fmt/format.h>

#include "mgmt/store/changes.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/revisions.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr const char* kColumns =
    "id, at, user, origin, how, note, changes, document, digest, document_digest, changes_back,"
    " changes_from, unit, epoch, chain";

Result<std::string> free_name(Database& database, const Parting& parting) {
  const auto wanted = fmt::format("revision-{}-of-epoch-{}", parting.newest, parting.epoch);
  auto statement = database.prepare("SELECT 1 FROM branch WHERE name = ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  for (std::size_t i = 1;; ++i) {
    const auto name = i == 1 ? wanted : fmt::format("{}-{}", wanted, i);
    statement->reset();
    if (auto bound = statement->bind(1, std::string_view(name)); !bound) {
      return tl::unexpected<Error>(bound.error());
    }
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return name;
  }
}

Status run(Result<Statement> statement, const Parting& parting, const std::string& name) {
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto at = std::chrono::floor<milliseconds>(parting.at).time_since_epoch().count();
  Status bound = statement->bind(1, std::string_view(name));
  if (bound) bound = statement->bind(2, static_cast<std::int64_t>(parting.common));
  if (bound) bound = statement->bind(3, static_cast<std::int64_t>(parting.newest));
  if (bound) bound = statement->bind(4, std::int64_t{at});
  if (!bound) return bound;
  const auto ran = statement->run();
  if (!ran) return tl::unexpected<Error>(ran.error());
  return {};
}

// Newer ones take the place of the oldest.
Status forget_old_branches(Database& database) {
  const auto beyond = fmt::format(
      "SELECT name FROM branch ORDER BY at DESC, name LIMIT -1 OFFSET {}", kBranchesKept);
  return database.execute("DELETE FROM branch_revision WHERE branch IN (" + beyond +
                          "); DELETE FROM branch WHERE name IN (" + beyond + ")");
}

Status keep_branch(Database& database, const Parting& parting) {
  const auto name = free_name(database, parting);
  if (!name) return tl::unexpected<Error>(name.error());
  Status done =
      run(database.prepare("INSERT INTO branch (name, common, revision, at) VALUES (?, ?, ?, ?)"),
          parting, *name);
  if (done) {
    done = run(database.prepare(fmt::format("INSERT INTO branch_revision (branch, {}) SELECT ?1, "
                                            "{} FROM revision WHERE id > ?2 AND id <= ?3"
                                            " AND ?4 IS NOT NULL",
                                            kColumns, kColumns)),
               parting, *name);
  }
  if (done) done = forget_old_branches(database);
  return done;
}

}  // namespace

Result<std::vector<Branch>> branches(Database& database) {
  auto statement =
      database.prepare("SELECT name, at, revision, common FROM branch ORDER BY at DESC, name");
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<Branch> found;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return found;
    found.push_back({statement->text(0),
                     system_clock::time_point(milliseconds(statement->integer(1))),
                     static_cast<std::uint64_t>(statement->integer(2)),
                     static_cast<std::uint64_t>(statement->integer(3))});
  }
}

Result<Records> records_of_branch(Database& database, const std::string& name) {
  auto statement = database.prepare(
      "SELECT coalesce(changes_back, ''), digest FROM branch_revision WHERE branch = ?"
      " ORDER BY id DESC LIMIT 1");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = statement->bind(1, std::string_view(name)); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return fail(Errc::kNotFound, "E-404", "there is no branch " + name);
  Records records;
  if (apply_changes(statement->text(0), records) && digest(records) == statement->text(1)) {
    return records;
  }
  return fail(Errc::kFailed, kCorrupt, database.path() + ": its branch " + name + " is damaged");
}

Status drop_branch(Database& database, const std::string& name) {
  for (const char* const sql :
       {"DELETE FROM branch_revision WHERE branch = ?", "DELETE FROM branch WHERE name = ?"}) {
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected<Error>(statement.error());
    if (auto bound = statement->bind(1, std::string_view(name)); !bound) return bound;
    if (auto ran = statement->run(); !ran) return tl::unexpected<Error>(ran.error());
  }
  const auto gone = database.integer("SELECT changes()");
  if (!gone) return tl::unexpected<Error>(gone.error());
  if (gone->value_or(0) != 0) return {};
  return fail(Errc::kNotFound, "E-404", "there is no branch " + name);
}

Status part_with(Database& database, const Parting& parting, const Records& held) {
  if (parting.newest != 0) {
    if (auto kept = keep_whole(database, parting.newest, held); !kept) return kept;
  }
  if (parting.newest == parting.common) return {};
  if (parting.common != 0) {
    const auto content = content_of(database, parting.common, held);
    if (!content) return tl::unexpected<Error>(content.error());
    if (auto kept = keep_whole(database, parting.common, content->records); !kept) return kept;
  }
  if (parting.as_branch) {
    if (auto kept = keep_branch(database, parting); !kept) return kept;
  }
  return database.execute("DELETE FROM revision WHERE id > " + std::to_string(parting.common));
}

}  // namespace yoke::store
