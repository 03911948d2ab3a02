// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/tables.h"

#include <algorithm>
#include <set>

#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

// Kinds and fields are words of the schema; quotes keep those that SQL uses too ("check").
std::string quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

template <typename Words, typename Form>
std::string joined(const Words& words, const char* separator, Form form) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += separator;
    text += form(word);
  }
  return text;
}

std::string names(const std::vector<std::string>& columns) {
  return joined(columns, ", ", [](const std::string& c) { return quoted(c); });
}

std::vector<std::string> field_columns(const model::RecordType& type) {
  std::vector<std::string> columns;
  for (const auto& field : type.fields) columns.emplace_back(field.name);
  return columns;
}

std::vector<std::string> all_columns(const model::RecordType& type) {
  auto columns = key_columns(type);
  for (auto& column : field_columns(type)) columns.push_back(std::move(column));
  return columns;
}

std::string equals_each(const std::vector<std::string>& columns, const char* separator) {
  return joined(columns, separator, [](const std::string& c) { return quoted(c) + " = ?"; });
}

std::string column_definition(const model::Field& field) {
  const std::string name = quoted(field.name);
  if (field.type == model::FieldType::kFlag && !field.list) {
    return name + " INTEGER CHECK (" + name + " IN (0, 1))";
  }
  return name + (held_as_integer(field) ? " INTEGER" : " TEXT");
}

std::string create_sql(const model::RecordType& type) {
  auto keys = key_columns(type);
  std::string sql = "CREATE TABLE " + quoted(type.kind) + " (";
  sql += joined(keys, ", ", [](const std::string& k) { return quoted(k) + " TEXT NOT NULL"; });
  for (const auto& field : type.fields) sql += ", " + column_definition(field);
  sql += ", PRIMARY KEY (" + names(keys) + ")";
  if (!type.parent.empty()) {
    keys.pop_back();
    // Deferred: a transaction may write a record before the one that it lives in.
    sql += ", FOREIGN KEY (" + names(keys) + ") REFERENCES " + quoted(type.parent) + " (" +
           names(keys) + ") DEFERRABLE INITIALLY DEFERRED";
  }
  return sql + ") STRICT, WITHOUT ROWID";
}

Result<std::set<std::string>> columns_of(Database& database, std::string_view table) {
  auto statement = database.prepare("SELECT name FROM pragma_table_info(?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = statement->bind(1, table); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  std::set<std::string> columns;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return columns;
    columns.insert(statement->text(0));
  }
}

Status bring_up_to_date(Database& database, const model::RecordType& type) {
  auto present = columns_of(database, type.kind);
  if (!present) return tl::unexpected<Error>(present.error());
  if (present->empty()) return database.execute(create_sql(type));
  for (const auto& column : key_columns(type)) present->erase(column);
  for (const auto& field : type.fields) {
    if (present->erase(std::string(field.name)) != 0) continue;
    auto added = database.execute("ALTER TABLE " + quoted(type.kind) + " ADD COLUMN " +
                                  column_definition(field));
    if (!added) return added;
  }
  if (present->empty()) return {};
  return fail(Errc::kRefused, kNewerVersion,
              database.path() + ": has the setting " + std::string(type.kind) + " " +
                  *present->begin() +
                  ", which this release does not know; run the release that wrote it");
}

}  // namespace

std::vector<std::string> key_columns(const model::RecordType& type) {
  std::vector<std::string> columns;
  for (const model::RecordType* at = &type; at != nullptr; at = model::find_type(at->parent)) {
    columns.emplace_back(at->kind);
  }
  std::reverse(columns.begin(), columns.end());
  return columns;
}

bool held_as_integer(const model::Field& field) noexcept {
  return !field.list &&
         (field.type == model::FieldType::kInteger || field.type == model::FieldType::kFlag);
}

std::string select_sql(const model::RecordType& type) {
  return "SELECT " + names(all_columns(type)) + " FROM " + quoted(type.kind);
}

std::string insert_sql(const model::RecordType& type) {
  const auto columns = all_columns(type);
  return "INSERT INTO " + quoted(type.kind) + " (" + names(columns) + ") VALUES (" +
         joined(columns, ", ", [](const std::string&) { return "?"; }) + ")";
}

std::string update_sql(const model::RecordType& type) {
  return "UPDATE " + quoted(type.kind) + " SET " + equals_each(field_columns(type), ", ") +
         " WHERE " + equals_each(key_columns(type), " AND ");
}

std::string delete_sql(const model::RecordType& type) {
  return "DELETE FROM " + quoted(type.kind) + " WHERE " + equals_each(key_columns(type), " AND ");
}

Status bring_up_to_date(Database& database) {
  for (const auto& type : model::schema()) {
    if (auto done = bring_up_to_date(database, type); !done) return done;
  }
  return {};
}

}  // namespace yoke::store
