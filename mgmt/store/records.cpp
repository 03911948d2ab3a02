// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/records.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "mgmt/model/config.h"
#include "mgmt/model/schema.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/tables.h"

namespace yoke::store {
namespace {

tl::unexpected<Error> unexpected_row(const Database& database, const model::Path& path) {
  return fail(Errc::kFailed, kCorrupt,
              database.path() + ": the record " + path.to_string() +
                  " is not as it was committed; " + to_begin_anew(database.path()));
}

std::string field_text(const Statement& row, int column, const model::Field& field) {
  if (!held_as_integer(field)) return row.text(column);
  const std::int64_t value = row.integer(column);
  if (field.type == model::FieldType::kFlag) return value != 0 ? "yes" : "no";
  return std::to_string(value);
}

Status bind_field(Statement& statement, int parameter, const model::Field& field,
                  const model::Fields& fields) {
  const auto set = fields.find(field.name);
  if (set == fields.end()) return statement.bind_null(parameter);
  const std::string& text = set->second;
  if (!held_as_integer(field)) return statement.bind(parameter, std::string_view(text));
  if (field.type == model::FieldType::kFlag) {
    return statement.bind(parameter, std::int64_t{text == "yes"});
  }
  std::int64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return statement.bind(parameter, value);
}

Status load_table(Database& database, const model::RecordType& type, Records& records) {
  auto statement = database.prepare(select_sql(type));
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto keys = key_columns(type);
  std::size_t count = 0;
  for (;;) {
    const auto more = statement->step();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return {};
    if (++count > model::kRecordsMax) {
      return fail(Errc::kFailed, kCorrupt,
                  database.path() + ": holds more records than any configuration");
    }
    model::Path path;
    int column = 0;
    for (const auto& kind : keys) {
      path.words.push_back(kind);
      path.words.push_back(statement->text(column++));
    }
    model::Fields& fields = records.at(path);
    for (const auto& field : type.fields) {
      if (!statement->is_null(column)) {
        fields.emplace(field.name, field_text(*statement, column, field));
      }
      ++column;
    }
  }
}

// The statements that write one kind, prepared when first needed.
class Writer {
 public:
  Writer(Database& database, const model::RecordType& type) : database_(database), type_(type) {}

  Status insert(const model::Path& path, const model::Fields& fields) {
    return write(insert_, insert_sql(type_), path, &fields, true);
  }
  Status update(const model::Path& path, const model::Fields& fields) {
    return write(update_, update_sql(type_), path, &fields, false);
  }
  Status erase(const model::Path& path) {
    return write(erase_, delete_sql(type_), path, nullptr, true);
  }

 private:
  Status write(std::optional<Statement>& statement, const std::string& sql, const model::Path& path,
               const model::Fields* fields, bool keys_first) {
    if (!statement) {
      auto prepared = database_.prepare(sql);
      if (!prepared) return tl::unexpected<Error>(prepared.error());
      statement.emplace(std::move(*prepared));
    }
    int parameter = 1;
    Status bound;
    if (keys_first) bound = bind_keys(*statement, path, parameter);
    if (bound && fields != nullptr) bound = bind_fields(*statement, *fields, parameter);
    if (bound && !keys_first) bound = bind_keys(*statement, path, parameter);
    if (!bound) return bound;
    const auto changed = statement->run();
    statement->reset();
    if (!changed) return tl::unexpected<Error>(changed.error());
    if (*changed != 1) return unexpected_row(database_, path);
    return {};
  }

  static Status bind_keys(Statement& statement, const model::Path& path, int& parameter) {
    for (std::size_t i = 1; i < path.words.size(); i += 2) {
      if (auto bound = statement.bind(parameter++, std::string_view(path.words[i])); !bound) {
        return bound;
      }
    }
    return {};
  }

  Status bind_fields(Statement& statement, const model::Fields& fields, int& parameter) const {
    for (const auto& field : type_.fields) {
      if (auto bound = bind_field(statement, parameter++, field, fields); !bound) return bound;
    }
    return {};
  }

  Database& database_;
  const model::RecordType& type_;
  std::optional<Statement> insert_, update_, erase_;
};

class Writers {
 public:
  explicit Writers(Database& database) {
    for (const auto& type : model::schema()) {
      writers_.try_emplace(std::string(type.kind), database, type);
    }
  }
  Writer& of(const model::Path& path) { return writers_.find(path.kind())->second; }

 private:
  std::map<std::string, Writer, std::less<>> writers_;
};

}  // namespace

Result<Records> load_records(Database& database) {
  Records records;
  for (const auto& type : model::schema()) {
    if (auto loaded = load_table(database, type, records); !loaded) {
      return tl::unexpected<Error>(loaded.error());
    }
  }
  return records;
}

Status save_records(Database& database, const Records& before, const Records& after) {
  Writers writers(database);
  Status done;
  for_each_difference(
      before, after,
      [&](const model::Path& path, const model::Fields* old, const model::Fields* now) {
        if (!done) return;
        Writer& writer = writers.of(path);
        done = now == nullptr   ? writer.erase(path)
               : old == nullptr ? writer.insert(path, *now)
                                : writer.update(path, *now);
      });
  return done;
}

}  // namespace yoke::store
