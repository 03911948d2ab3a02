// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/unit_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "mgmt/model/config.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/identity.h"
#include "mgmt/store/sha256.h"
#include "mgmt/store/transaction.h"
#include "mgmt/store/unit_lost.h"

namespace yoke::store {
namespace {

constexpr std::int64_t kApplicationId = 0x594f4b55;  // "YOKU"
constexpr std::int64_t kVersion = 1;

// Several rows of one revision: of commits that failed, and at most one that did not.
constexpr const char* kTable =
    "CREATE TABLE part ("
    " revision INTEGER NOT NULL,"
    " stamp TEXT NOT NULL,"
    " document TEXT NOT NULL,"
    " PRIMARY KEY (revision, stamp)"
    ") STRICT, WITHOUT ROWID;";

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

tl::unexpected<Error> lost(const std::string& path, const std::string& how) {
  return tl::unexpected<Error>(unit_file_lost(path, how));
}

Status write_table(Database& database) {
  return make_tables(database, kTable, {kApplicationId, kVersion});
}

Status verify_identity(Database& database) {
  const auto identity = identity_of(database);
  if (!identity) return tl::unexpected<Error>(identity.error());
  if (identity->application != kApplicationId || identity->version < 1) {
    return lost(database.path(), "is a database, but not of a unit's own settings");
  }
  if (identity->version > kVersion) {
    return fail(Errc::kRefused, kNewerVersion,
                database.path() + ": is of version " + std::to_string(identity->version) +
                    "; this release knows version " + std::to_string(kVersion) +
                    ": run the release that wrote it");
  }
  return {};
}

Status verify_pages(Database& database) {
  const auto damage = damage_in(database, "integrity_check(1)");
  if (!damage) return tl::unexpected<Error>(damage.error());
  if (!damage->empty()) return lost(database.path(), "is damaged (" + *damage + ")");
  const auto table = database.prepare("SELECT revision, stamp, document FROM part");
  return table ? Status() : tl::unexpected<Error>(table.error());
}

Result<std::vector<UnitRow>> rows_of(Database& database) {
  auto statement = database.prepare("SELECT revision, stamp FROM part");
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<UnitRow> rows;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return rows;
    rows.push_back({static_cast<std::uint64_t>(statement->integer(0)), statement->text(1)});
  }
}

Status run_for(Database& database, const char* sql, const UnitRow& row,
               const std::string* document = nullptr) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  Status bound = statement->bind(1, static_cast<std::int64_t>(row.revision));
  if (bound) bound = statement->bind(2, std::string_view(row.stamp));
  if (bound && document != nullptr) bound = statement->bind(3, std::string_view(*document));
  if (!bound) return bound;
  const auto done = statement->run();
  if (!done) return tl::unexpected<Error>(done.error());
  return {};
}

// Rows of this number and later ones stay: what has failed may be found committed after a power
// cut.
Status forget_unneeded(Database& database, std::uint64_t before,
                       const std::vector<UnitRow>& needed) {
  const auto rows = rows_of(database);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (const UnitRow& row : *rows) {
    if (row.revision >= before || std::ranges::find(needed, row) != needed.end()) continue;
    auto gone = run_for(database, "DELETE FROM part WHERE revision = ? AND stamp = ?", row);
    if (!gone) return gone;
  }
  return {};
}

}  // namespace

std::string unit_path(const std::string& store) {
  return (std::filesystem::path(store).parent_path() / "unit.db").string();
}

std::string stamp_of(std::uint64_t revision, std::string_view document) {
  Sha256 hash;
  hash.add(std::to_string(revision) + ' ');
  hash.add(document);
  return hash.text();
}

// Elsewhere the way out of damage is an empty configuration; here the configuration is whole. SQL
// that has always worked fails on nothing but damage.
Error UnitFile::told(const Error& error) const {
  const bool damaged = error.id == kCorrupt || error.id == kStoreFailed;
  return damaged ? lost(database_->path(), "is damaged").value() : error;
}

Result<std::unique_ptr<UnitFile>> UnitFile::open(const std::string& path) {
  if (auto whole = verify_length(path); !whole) return lost(path, "is cut short");
  auto database = Database::open(path, false);
  Status ready = database ? verify_identity(**database) : Status(tl::unexpected(database.error()));
  if (ready) ready = verify_pages(**database);
  if (ready) return std::unique_ptr<UnitFile>(new UnitFile(std::move(*database)));
  const Error error = while_opening(path, ready.error());
  if (error.id != kCorrupt) return tl::unexpected<Error>(error);
  return lost(path, "is damaged");
}

Status UnitFile::begin_writing() {
  if (auto ready = store::begin_writing(*database_); !ready) {
    return tl::unexpected<Error>(told(ready.error()));
  }
  return {};
}

Result<std::unique_ptr<UnitFile>> UnitFile::make(const std::string& path) {
  if (!is_there(path)) {
    if (is_there(path + "-wal")) {
      return lost(path, "is missing, but its log " + path +
                            "-wal is there; put the database back, or move the log away as well");
    }
    if (auto made = put_new_file(path, write_table); !made) {
      return tl::unexpected<Error>(made.error());
    }
  }
  auto file = open(path);
  if (!file) return file;
  if (auto ready = (*file)->begin_writing(); !ready) return tl::unexpected<Error>(ready.error());
  return file;
}

Result<std::string> UnitFile::document(const UnitRow& row) const {
  std::unique_ptr<Database> aside;
  if (database_->is_committing()) {
    auto second = Database::open(database_->path(), false);
    if (!second) return tl::unexpected<Error>(told(second.error()));
    aside = std::move(*second);
  }
  Database& database = aside ? *aside : *database_;
  auto statement = database.prepare("SELECT document FROM part WHERE revision = ? AND stamp = ?");
  if (!statement) return tl::unexpected<Error>(told(statement.error()));
  Status bound = statement->bind(1, static_cast<std::int64_t>(row.revision));
  if (bound) bound = statement->bind(2, std::string_view(row.stamp));
  if (!bound) return tl::unexpected<Error>(told(bound.error()));
  const auto found = statement->step();
  if (!found) return tl::unexpected<Error>(told(found.error()));
  std::string document = *found ? statement->text(0) : std::string();
  if (*found && stamp_of(row.revision, document) == row.stamp) return document;
  return lost(database_->path(), "has not what belongs to this unit as of revision " +
                                     std::to_string(row.revision) +
                                     (*found ? ": its row is damaged" : ""));
}

Result<Records> UnitFile::part(const UnitRow& row) const {
  const auto text = document(row);
  if (!text) return tl::unexpected<Error>(text.error());
  Records part;
  if (text->size() <= kUnitDocumentMax && apply_changes(*text, part) &&
      part.size() <= model::kRecordsMax) {
    return part;
  }
  return fail(Errc::kRefused, kNewerVersion,
              database_->path() + ": its revision " + std::to_string(row.revision) +
                  " is not understood; run the release that wrote it");
}

Result<UnitRow> UnitFile::prepare(std::uint64_t revision, const Records& part,
                                  const std::optional<std::vector<UnitRow>>& needed) {
  const std::string document = changes_text(Records(), part);
  if (document.size() > kUnitDocumentMax) {
    return fail(Errc::kInvalid, kStoreFailed,
                database_->path() + ": what belongs to this unit alone is longer than " +
                    std::to_string(kUnitDocumentMax >> 20) + " MiB; remove some of it");
  }
  UnitRow row{revision, stamp_of(revision, document)};
  if (auto written = put(row, document, needed); !written) {
    return tl::unexpected<Error>(written.error());
  }
  return row;
}

Status UnitFile::put(const UnitRow& row, const std::string& document,
                     const std::optional<std::vector<UnitRow>>& needed) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::unexpected<Error>(told(transaction.error()));
  Status done;
  if (needed) done = forget_unneeded(*database_, row.revision, *needed);
  // Also where it is there already: it may be so in the log alone, which has not been synced. What
  // is removed and added again is written, whatever SQLite makes of a row that stays as it is.
  if (done) done = run_for(*database_, "DELETE FROM part WHERE revision = ? AND stamp = ?", row);
  if (done) done = run_for(*database_, "INSERT INTO part VALUES (?, ?, ?)", row, &document);
  if (!done) return tl::unexpected<Error>(told(done.error()));
  done = transaction->commit_or_leave_no_trace();
  return done ? done : tl::unexpected<Error>(told(done.error()));
}

}  // namespace yoke::store
