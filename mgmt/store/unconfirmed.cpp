// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/unconfirmed.h"

#include "mgmt/store/database.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::int64_t ms_of(system_clock::time_point time) {
  return std::chrono::floor<milliseconds>(time).time_since_epoch().count();
}

}  // namespace

Result<std::optional<Unconfirmed>> load_unconfirmed(Database& database) {
  auto statement = database.prepare(
      "SELECT revision, back_to, boot, boot_until, set_at, until FROM unconfirmed");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return std::nullopt;
  return Unconfirmed{
      .revision = static_cast<std::uint64_t>(statement->integer(0)),
      .back_to = static_cast<std::uint64_t>(statement->integer(1)),
      .deadline = {.boot = statement->text(2),
                   .boot_until = milliseconds(statement->integer(3)),
                   .set_at = system_clock::time_point(milliseconds(statement->integer(4))),
                   .until = system_clock::time_point(milliseconds(statement->integer(5)))}};
}

Status save_unconfirmed(Database& database, const std::optional<Unconfirmed>& unconfirmed) {
  if (auto forgotten = database.execute("DELETE FROM unconfirmed"); !forgotten) return forgotten;
  if (!unconfirmed) return {};
  auto statement = database.prepare(
      "INSERT INTO unconfirmed (revision, back_to, boot, boot_until, set_at, until)"
      " VALUES (?, ?, ?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const Deadline& deadline = unconfirmed->deadline;
  Status bound = statement->bind(1, static_cast<std::int64_t>(unconfirmed->revision));
  if (bound) bound = statement->bind(2, static_cast<std::int64_t>(unconfirmed->back_to));
  if (bound) bound = statement->bind(3, std::string_view(deadline.boot));
  if (bound) bound = statement->bind(4, std::int64_t{deadline.boot_until.count()});
  if (bound) bound = statement->bind(5, ms_of(deadline.set_at));
  if (bound) bound = statement->bind(6, ms_of(deadline.until));
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

}  // namespace yoke::store
