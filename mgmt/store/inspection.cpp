// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/inspection.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/identity.h"
#include "mgmt/store/migrations.h"
#include "mgmt/store/records.h"
#include "mgmt/store/revisions.h"
#include "mgmt/store/unit_file.h"

namespace yoke::store {
namespace {

tl::unexpected<Error> damaged(const Database& database, const std::string& how) {
  return fail(Errc::kFailed, kCorrupt, database.path() + ": is damaged (" + how + ")");
}

Result<std::vector<std::string>> tables_of(Database& database) {
  auto statement = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<std::string> names;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return names;
    names.push_back(statement->text(0));
  }
}

}  // namespace

Result<std::unique_ptr<Inspection>> Inspection::begin(const std::string& path) {
  auto database = Database::open(path, false);
  if (!database) return tl::unexpected<Error>(while_opening(path, database.error()));
  if (auto known = verify_identity(**database); !known) {
    return tl::unexpected<Error>(while_opening(path, known.error()));
  }
  auto tables = tables_of(**database);
  if (!tables) return tl::unexpected<Error>(while_opening(path, tables.error()));
  return std::unique_ptr<Inspection>(new Inspection(std::move(*database), std::move(*tables)));
}

Result<bool> Inspection::step() {
  const std::size_t now = next_++;
  Status whole;
  if (now < tables_.size()) {
    whole = look_at_table(tables_[now]);
  } else if (now == tables_.size()) {
    whole = look_at_records();
  } else {
    whole = look_at_unit_file();
  }
  if (!whole) return tl::unexpected<Error>(while_opening(database_->path(), whole.error()));
  return now > tables_.size();
}

Status Inspection::look_at_table(const std::string& table) {
  const auto found = damage_in(*database_, "integrity_check(\"" + table + "\")");
  if (!found) return tl::unexpected<Error>(found.error());
  return found->empty() ? Status() : damaged(*database_, *found);
}

// Values that are others and pages that are whole: the newest revision has a digest of them.
Status Inspection::look_at_records() {
  if (auto begun = database_->execute("BEGIN"); !begun) return begun;
  const auto newest = newest_revision(*database_);
  const auto records = newest ? load_records(*database_) : Result<Records>();
  if (auto ended = database_->execute("COMMIT"); !ended) return ended;
  if (!newest) return tl::unexpected<Error>(newest.error());
  if (!records) return tl::unexpected<Error>(records.error());
  if (newest->revision == 0 || digest(*records) == newest->digest) return {};
  return damaged(*database_, "its records are not those of its newest revision");
}

Status Inspection::look_at_unit_file() const {
  const std::string path = unit_path(database_->path());
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return {};
  const auto file = UnitFile::open(path);
  return file ? Status() : tl::unexpected<Error>(file.error());
}

}  // namespace yoke::store
