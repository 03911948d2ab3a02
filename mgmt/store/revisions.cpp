// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/revisions.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "mgmt/model/json.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::uint64_t kWholeEvery = 64;

// ---- what leads from one set of records to another, as text ------------------------------------

// [[path, fields or null where it is not there]...], exactly as they are held.
std::string changes_text(const Records& from, const Records& to) {
  json changes = json::array();
  for_each_difference(from, to,
                      [&](const model::Path& path, const model::Fields*, const model::Fields* now) {
                        changes.push_back({path.words, now == nullptr ? json() : json(*now)});
                      });
  return changes.dump();
}

bool apply_change(const json& change, Records& records) {
  if (!change.is_array() || change.size() != 2 || !change[0].is_array()) return false;
  model::Path path;
  for (const json& word : change[0]) {
    if (!word.is_string()) return false;
    path.words.push_back(word.get<std::string>());
  }
  if (path.words.empty()) return false;
  if (change[1].is_null()) {
    records.erase(path);
    return true;
  }
  if (!change[1].is_object()) return false;
  model::Fields fields;
  for (const auto& [name, value] : change[1].items()) {
    if (!value.is_string()) return false;
    fields.emplace(name, value.get<std::string>());
  }
  records.at(path) = std::move(fields);
  return true;
}

bool apply_changes(const std::string& text, Records& records) {
  const json changes = json::parse(text, nullptr, false);
  return changes.is_array() && std::ranges::all_of(changes, [&](const json& change) {
           return apply_change(change, records);
         });
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
      " coalesce(document_digest, '') FROM revision WHERE id >= ? ORDER BY id");
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
              .text_digest = statement->text(5)};
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

Status keep_replaced(Database& database, std::uint64_t id, const Records& held,
                     const Records& next) {
  const bool whole = id % kWholeEvery == 0;
  const std::string changes = changes_text(whole ? Records() : next, held);
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

Status insert_row(Database& database, std::uint64_t id, const CommitInfo& info,
                  const std::string& records_digest) {
  auto statement = database.prepare(
      "INSERT INTO revision (id, at, user, origin, how, note, changes, document, digest)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, '', ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto at = std::chrono::floor<milliseconds>(info.at).time_since_epoch().count();
  Status bound = statement->bind(1, static_cast<std::int64_t>(id));
  if (bound) bound = statement->bind(2, std::int64_t{at});
  int parameter = 3;
  for (const std::string* text :
       {&info.user, &info.origin, &info.how, &info.note, &info.changes, &records_digest}) {
    if (bound) bound = statement->bind(parameter++, std::string_view(*text));
  }
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
  auto statement = database.prepare("SELECT id, digest, at FROM revision ORDER BY id DESC LIMIT 1");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return Newest{0, digest(Records()), {}};
  return Newest{static_cast<std::uint64_t>(statement->integer(0)), statement->text(1),
                system_clock::time_point(milliseconds(statement->integer(2)))};
}

Status add_revision(Database& database, std::uint64_t id, const CommitInfo& info,
                    const Records& before, const Records& next) {
  if (auto kept = keep_replaced(database, id - 1, before, next); !kept) return kept;
  if (auto inserted = insert_row(database, id, info, digest(next)); !inserted) return inserted;
  return forget_old(database, id);
}

Result<Records> records_of(Database& database, std::uint64_t id, const Records& newest) {
  const auto rows = rows_from(database, id);
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->empty() || rows->front().id != id) {
    return fail(Errc::kNotFound, "E-404",
                "there is no revision " + std::to_string(id) + ": see history");
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
  return records;
}

Result<std::vector<Revision>> history(Database& database, std::size_t count) {
  auto statement = database.prepare(
      "SELECT id, at, user, origin, how, note, changes FROM revision ORDER BY id DESC LIMIT ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto limit = static_cast<std::int64_t>(std::min(count, kRevisionsKept));
  if (auto bound = statement->bind(1, limit); !bound) return tl::unexpected<Error>(bound.error());
  std::vector<Revision> revisions;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return revisions;
    revisions.push_back(
        {.id = static_cast<std::uint64_t>(statement->integer(0)),
         .info = {.at = system_clock::time_point(milliseconds(statement->integer(1))),
                  .user = statement->text(2),
                  .origin = statement->text(3),
                  .how = statement->text(4),
                  .note = statement->text(5),
                  .changes = statement->text(6)}});
  }
}

}  // namespace yoke::store
