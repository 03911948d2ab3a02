// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/identity.h"

#include <algorithm>

#include "mgmt/store/database.h"
#include "mgmt/store/transaction.h"

namespace yoke::store {

Result<Identity> identity_of(Database& database) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return tl::unexpected<Error>(application.error());
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  return Identity{application->value_or(0), version->value_or(0)};
}

Status make_tables(Database& database, const std::string& sql, Identity identity) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto made =
      database.execute(sql + "PRAGMA application_id=" + std::to_string(identity.application) +
                       "; PRAGMA user_version=" + std::to_string(identity.version));
  if (!made) return made;
  return transaction->commit();
}

Result<std::string> damage_in(Database& database, const std::string& check) {
  auto statement = database.prepare("PRAGMA " + check);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  std::string said = *row ? statement->text(0) : std::string();
  std::ranges::replace(said, '\n', ' ');  // it is a part of one line
  return said == "ok" ? std::string() : said;
}

}  // namespace yoke::store
