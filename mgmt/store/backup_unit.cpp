// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/backup_unit.h"

#include <optional>
#include <utility>

#include "mgmt/store/database.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/migrations.h"
#include "mgmt/store/revisions.h"
#include "mgmt/store/transaction.h"
#include "mgmt/store/unit_file.h"

namespace yoke::store {
namespace {

Status insert(Database& database, const UnitPart& part) {
  auto statement = database.prepare("INSERT INTO unit_part VALUES (?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  Status bound = statement->bind(1, static_cast<std::int64_t>(part.row.revision));
  if (bound) bound = statement->bind(2, std::string_view(part.row.stamp));
  if (bound) bound = statement->bind(3, std::string_view(part.document));
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

// The document that a backup has of the row; nothing where it has none.
Result<std::optional<std::string>> document_in(Database& database, const UnitRow& row) {
  const auto tables =
      database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'unit_part'");
  if (!tables) return tl::unexpected<Error>(tables.error());
  if (tables->value_or(0) == 0) return std::optional<std::string>();
  auto statement =
      database.prepare("SELECT document FROM unit_part WHERE revision = ? AND stamp = ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  Status bound = statement->bind(1, static_cast<std::int64_t>(row.revision));
  if (bound) bound = statement->bind(2, std::string_view(row.stamp));
  if (!bound) return tl::unexpected<Error>(bound.error());
  const auto found = statement->step();
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) return std::optional<std::string>();
  std::string document = statement->text(0);
  if (document.size() <= kUnitDocumentMax && stamp_of(row.revision, document) == row.stamp) {
    return std::optional(std::move(document));
  }
  return fail(Errc::kInvalid, kBackupDamaged,
              "the backup is altered: what it has of the unit's own is not what was written; use "
              "another");
}

Status put_beside(const std::string& path, const UnitPart& part) {
  auto file = UnitFile::make(unit_path(path));
  if (!file) return tl::unexpected<Error>(file.error());
  return (*file)->put(part.row, part.document, std::nullopt);
}

// Whether it is whole with what is unpacked now.
Result<bool> unpack(Database& database) {
  const auto version = version_of(database);
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version < kFirstWithUnitRows) return false;
  const auto newest = newest_revision(database);
  if (!newest) return tl::unexpected<Error>(newest.error());
  if (!newest->unit) return false;
  if (newest->unit->is_empty()) return true;
  const auto document = document_in(database, *newest->unit);
  if (!document) return tl::unexpected<Error>(document.error());
  Status done = *document ? put_beside(database.path(), {*newest->unit, **document})
                          : forget_unit_rows(database);
  if (!done) return tl::unexpected<Error>(done.error());
  return document->has_value();
}

}  // namespace

Status write_unit_part(const std::string& path, const UnitPart& part) {
  auto database = Database::open(path, false);
  if (!database) return tl::unexpected<Error>(database.error());
  // A copy that is cut short by a crash is made again.
  if (auto set = (*database)->execute("PRAGMA synchronous=OFF"); !set) return set;
  auto transaction = Transaction::begin(**database);
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto made = (*database)->execute(
      "CREATE TABLE unit_part (revision INTEGER NOT NULL, stamp TEXT NOT NULL,"
      " document TEXT NOT NULL) STRICT");
  if (made) made = insert(**database, part);
  if (made) made = transaction->commit();
  if (!made) return made;
  return (*database)->checkpoint();
}

Result<bool> unpack_unit_part(const std::string& path) {
  auto database = Database::open(path, false);
  if (!database) return tl::unexpected<Error>(database.error());
  if (auto known = verify_identity(**database); !known) {
    return tl::unexpected<Error>(known.error());
  }
  auto unpacked = unpack(**database);
  if (!unpacked) return tl::unexpected<Error>(while_opening(path, unpacked.error()));
  return unpacked;
}

}  // namespace yoke::store
