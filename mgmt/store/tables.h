// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/model/schema.h"
#include "mgmt/store/database.h"

// The records' tables, as SQL derived from the schema: a table of its kind's name, a key column for
// each ancestor and for the record itself, each named after its kind, then one column a field:
//   server(pool TEXT, server TEXT, weight INTEGER, ..., PRIMARY KEY(pool, server))
// NULL in a field means that nobody has set it. Threads: pure but for bring_up_to_date().
namespace yoke::store {

// Key columns of a record's table, from the outermost ancestor to the record itself.
[[nodiscard]] std::vector<std::string> key_columns(const model::RecordType& type);
// Whether a field is held as an integer (numbers; flags as 0 and 1) rather than as text.
[[nodiscard]] bool held_as_integer(const model::Field& field) noexcept;

// Columns of all of these: the key columns, then the fields, in the schema's order.
[[nodiscard]] std::string select_sql(const model::RecordType& type);
[[nodiscard]] std::string insert_sql(const model::RecordType& type);
// Parameters: the fields, then the key columns.
[[nodiscard]] std::string update_sql(const model::RecordType& type);
// Parameters: the key columns.
[[nodiscard]] std::string delete_sql(const model::RecordType& type);

// Creates the tables and columns that the schema has and the database has not. E-505 if the
// database has a column that the schema has not: dropping it would lose what a newer release wrote.
[[nodiscard]] Status bring_up_to_date(Database& database);

}  // namespace yoke::store
