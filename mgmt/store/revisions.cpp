// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/revisions.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "mgmt/model/json.h"
#include "mgmt/store/chain.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::uint64_t kWholeEvery = 64;

// ---- which row of unit.db a revision needs, as text ---------------------------------------------

// "7 <stamp> <digest>": the digest is of what stands before it.
std::string unit_text(const UnitRow& row) {
  const std::string said = std::to_string(row.revision) + ' ' + row.stamp;
  return said + ' ' + digest(said);
}

// Nothing where it is damaged.
std::optional<UnitRow> unit_row_in(std::string_view text) {
  UnitRow row;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, row.revision);
  if (error != std::errc() || rest == end) return std::nullopt;
  const std::string_view behind(rest + 1, end);
  row.stamp = behind.substr(0, behind.find(' '));
  if (text != unit_text(row)) return std::nullopt;
  return row;
}

// ---- rows --------------------------------------------------------------------------------------

// How a row keeps its records.
struct Kept {
  std::uint64_t id = 0;
  std::string digest;                         // of the records
  std::string document;                       // whole, as the releases before wrote it; else empty
  std::string changes;                        // else these, from
  std::optional<std::uint64_t> changes_from;  // the revision after it, or 0: nothing
  std::string text_digest;  // of the document or the changes; empty in a row of the first release
  std::optional<std::string> unit;  // unit_text(); nothing in a row of a release before

  // Needs no other to be read.
  [[nodiscard]] bool is_whole() const { return !document.empty() || changes_from == 0U; }
  [[nodiscard]] bool is_damaged() const {
    return !text_digest.empty() && text_digest != store::digest(document + changes);
  }
};

// The row of `id` and those after it, up to one that is whole.
Result<std::vector<Kept>> rows_from(Database& database, std::uint64_t id) {
  auto statement = database.prepare(
      "SELECT id, digest, document, coalesce(changes_back, ''), changes_from,"
      " coalesce(document_digest, ''), unit FROM revision WHERE id >= ? ORDER BY id");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = statement->bind(1, static_cast<std::int64_t>(id)); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  std::vector<Kept> rows;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return rows;
    Kept kept{.id = static_cast<std::uint64_t>(statement->integer(0)),
              .digest = statement->text(1),
              .document = statement->text(2),
              .changes = statement->text(3),
              .changes_from = {},
              .text_digest = statement->text(5),
              .unit = {}};
    if (!statement->is_null(6)) kept.unit = statement->text(6);
    if (!statement->is_null(4)) {
      kept.changes_from = static_cast<std::uint64_t>(statement->integer(4));
    }
    rows.push_back(std::move(kept));
    if (rows.back().is_whole()) return rows;
  }
}

// Makes `records`, those of the revision after it, the row's own. False where the row is damaged:
// its own digest tells. That of the records costs as much as a whole configuration, and is looked
// at where they end.
bool go_back_to(const Kept& row, Records& records) {
  if (row.is_damaged()) return false;
  if (!row.document.empty()) {
    const auto document = model::parse_json(row.document);
    if (!document) return false;
    const auto config = model::config_from_json(*document);
    if (!config) return false;
    records = config->records();
    return true;
  }
  if (!row.changes_from) return true;  // the newest
  if (*row.changes_from == 0) records = {};
  return apply_changes(row.changes, records);
}

// `epoch`: its column, and that of the chain is behind it; the digest is column 1.
replication::Position position_in(const Statement& row, std::uint64_t id, int epoch) {
  const auto hash = row.is_null(epoch + 1) ? std::nullopt : hash_in(row.text(epoch + 1));
  if (!hash) return position_before(id, row.text(1));
  return {static_cast<std::uint64_t>(row.integer(epoch)), id, *hash, digest_number(row.text(1))};
}

Status keep_replaced(Database& database, std::uint64_t id, const std::string& changes, bool whole) {
  auto statement = database.prepare(
      "UPDATE revision SET changes_back = ?, changes_from = ?, document_digest = ?"
      " WHERE id = ? AND document = ''");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const std::uint64_t from = whole ? 0 : id + 1;
  Status bound = statement->bind(1, std::string_view(changes));
  if (bound) bound = statement->bind(2, static_cast<std::int64_t>(from));
  if (bound) bound = statement->bind(3, std::string_view(digest(changes)));
  if (bound) bound = statement->bind(4, static_cast<std::int64_t>(id));
  if (!bound) return bound;
  const auto updated = statement->run();
  if (!updated) return tl::unexpected<Error>(updated.error());
  return {};
}

Status insert_row(Database& database, const Addition& addition, const std::string& records_digest) {
  const CommitInfo& info = addition.info;
  const replication::Position& position = addition.position;
  auto statement = database.prepare(
      "INSERT INTO revision (id, at, user, origin, how, note, changes, document, digest,"
      " unit, chain, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto at = std::chrono::floor<milliseconds>(info.at).time_since_epoch().count();
  Status bound = statement->bind(1, static_cast<std::int64_t>(position.revision));
  if (bound) bound = statement->bind(2, std::int64_t{at});
  const std::string unit_row = unit_text(addition.unit);
  const std::string chain = to_text(position.hash);
  int parameter = 3;
  for (const std::string* text : {&info.user, &info.origin, &info.how, &info.note, &info.changes,
                                  &records_digest, &unit_row, &chain}) {
    if (bound) bound = statement->bind(parameter++, std::string_view(*text));
  }
  if (bound) bound = statement->bind(parameter, static_cast<std::int64_t>(position.epoch));
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

Status forget_old(Database& database, std::uint64_t newest_id) {
  if (newest_id <= kRevisionsKept) return {};
  return database.execute("DELETE FROM revision WHERE id <= " +
                          std::to_string(newest_id - kRevisionsKept));
}

}  // namespace

Result<Newest> newest_revision(Database& database) {
  auto statement = database.prepare(
      "SELECT id, digest, at, unit, epoch, chain FROM revision"
      " ORDER BY id DESC LIMIT 1");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return Newest{0, digest(Records()), {}, UnitRow(), {}};
  const auto newest_id = static_cast<std::uint64_t>(statement->integer(0));
  Newest newest{newest_id, statement->text(1),
                system_clock::time_point(milliseconds(statement->integer(2))), std::nullopt,
                position_in(*statement, newest_id, 4)};
  if (statement->is_null(3)) return newest;
  newest.unit = unit_row_in(statement->text(3));
  if (newest.unit) return newest;
  return fail(Errc::kFailed, kCorrupt,
              database.path() + ": its revision " + std::to_string(newest.revision) +
                  " is damaged; " + to_begin_anew(database.path()));
}

Result<std::vector<replication::Position>> positions(Database& database) {
  auto statement = database.prepare("SELECT id, digest, epoch, chain FROM revision ORDER BY id");
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<replication::Position> found;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return found;
    found.push_back(position_in(*statement, static_cast<std::uint64_t>(statement->integer(0)), 2));
  }
}

Status add_revision(Database& database, const Addition& addition, const Records& before,
                    const Records& next) {
  const std::uint64_t id = addition.position.revision;
  const bool whole = (id - 1) % kWholeEvery == 0;
  if (addition.follows) {
    const auto changes = changes_text(whole ? Records() : next, before);
    if (auto kept = keep_replaced(database, id - 1, changes, whole); !kept) return kept;
  }
  if (auto inserted = insert_row(database, addition, digest(next)); !inserted) return inserted;
  return forget_old(database, id);
}

Status keep_whole(Database& database, std::uint64_t id, const Records& held) {
  return keep_replaced(database, id, changes_text(Records(), held), true);
}

Result<std::optional<std::vector<UnitRow>>> unit_rows(Database& database) {
  auto statement = database.prepare("SELECT DISTINCT unit FROM revision WHERE unit IS NOT NULL");
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<UnitRow> rows;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return rows;
    const auto unit = unit_row_in(statement->text(0));
    if (!unit) return std::nullopt;
    if (!unit->is_empty()) rows.push_back(*unit);
  }
}

Status forget_unit_rows(Database& database) {
  return database.execute("UPDATE revision SET unit = '" + unit_text(UnitRow()) +
                          "' WHERE unit IS NOT NULL");
}

Result<Content> content_of(Database& database, std::uint64_t id, const Records& newest) {
  const auto rows = rows_from(database, id);
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->empty() || rows->front().id != id) {
    return fail(Errc::kNotFound, "E-404",
                "there is no revision " + std::to_string(id) + ": show history");
  }
  const auto damaged = [&](const std::string& way) {
    return fail(Errc::kFailed, kCorrupt,
                database.path() + ": its revision " + std::to_string(id) + " is damaged" + way +
                    ", and cannot be gone back to; others may be whole");
  };
  Records records = newest;
  const auto broken = std::find_if_not(rows->rbegin(), rows->rend(),
                                       [&](const Kept& row) { return go_back_to(row, records); });
  if (broken != rows->rend()) {
    return damaged(broken->id == id ? ""
                                    : " (its revision " + std::to_string(broken->id) +
                                          ", on the way to it, is)");
  }
  // What another release made of a document is not what this one would.
  const Kept& wanted = rows->front();
  if (wanted.document.empty() && wanted.digest != digest(records)) return damaged("");
  if (!wanted.unit) return Content{std::move(records), std::nullopt};
  const auto unit = unit_row_in(*wanted.unit);
  if (!unit) return damaged("");
  return Content{std::move(records), unit};
}

Result<CommitInfo> info_of(Database& database, std::uint64_t id) {
  auto statement = database.prepare(
      "SELECT at, user, origin, how, note, changes, coalesce(epoch, 0) FROM revision WHERE id = ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = statement->bind(1, static_cast<std::int64_t>(id)); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return fail(Errc::kNotFound, "E-404", "there is no revision " + std::to_string(id));
  return CommitInfo{.at = system_clock::time_point(milliseconds(statement->integer(0))),
                    .user = statement->text(1),
                    .origin = statement->text(2),
                    .how = statement->text(3),
                    .note = statement->text(4),
                    .changes = statement->text(5),
                    .epoch = static_cast<std::uint64_t>(statement->integer(6))};
}

Result<std::vector<Revision>> history(Database& database, std::size_t count) {
  auto statement = database.prepare(
      "SELECT id, at, user, origin, how, note, changes, digest FROM revision"
      " ORDER BY id DESC LIMIT ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto limit = static_cast<std::int64_t>(std::min(count, kRevisionsKept));
  if (auto bound = statement->bind(1, limit); !bound) return tl::unexpected<Error>(bound.error());
  std::vector<Revision> revisions;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return revisions;
    Revision& each = revisions.emplace_back();
    each.id = static_cast<std::uint64_t>(statement->integer(0));
    each.info.at = system_clock::time_point(milliseconds(statement->integer(1)));
    each.info.user = statement->text(2);
    each.info.origin = statement->text(3);
    each.info.how = statement->text(4);
    each.info.note = statement->text(5);
    each.info.changes = statement->text(6);
    each.digest = statement->text(7);
  }
}

}  // namespace yoke::store
