// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/tentative.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "mgmt/model/json.h"
#include "mgmt/store/chain.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using nlohmann::json;
using replication::Position;

json json_of(const Position& position) {
  return {position.epoch, position.revision, to_text(position.hash), position.digest};
}

std::optional<Position> position_in(const json& value) {
  const bool good = value.is_array() && value.size() == 4 && value[0].is_number_unsigned() &&
                    value[1].is_number_unsigned() && value[2].is_string() &&
                    value[3].is_number_unsigned();
  if (!good) return std::nullopt;
  const auto hash = hash_in(value[2].get<std::string>());
  if (!hash) return std::nullopt;
  return Position{value[0].get<std::uint64_t>(), value[1].get<std::uint64_t>(), *hash,
                  value[3].get<std::uint64_t>()};
}

std::optional<replication::Revision> revision_in(const std::string& text) {
  const auto body = model::parse_json(text);
  if (!body || !body->is_array() || body->size() != 4) return std::nullopt;
  const json& parts = *body;
  const auto parent = position_in(parts[0]);
  const auto position = position_in(parts[1]);
  if (!parent || !position || !parts[2].is_string() || !parts[3].is_string()) return std::nullopt;
  return replication::Revision{*parent, *position, parts[2].get<std::string>(),
                               parts[3].get<std::string>()};
}

}  // namespace

Result<std::optional<Proposed>> load_proposed(Database& database) {
  auto statement = database.prepare("SELECT attempt, boot, body, digest FROM tentative");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return std::nullopt;
  const std::string body = statement->text(2);
  auto revision = digest(body) == statement->text(3) ? revision_in(body) : std::nullopt;
  if (!revision) {
    return fail(Errc::kFailed, kCorrupt,
                database.path() +
                    ": the revision that the peer proposed is damaged; it is taken "
                    "from the peer again once that answers");
  }
  return Proposed{std::move(*revision), static_cast<std::uint64_t>(statement->integer(1)),
                  static_cast<std::uint64_t>(statement->integer(0))};
}

Status save_proposed(Database& database, const std::optional<Proposed>& proposed) {
  if (auto forgotten = database.execute("DELETE FROM tentative"); !forgotten) return forgotten;
  if (!proposed) return {};
  const replication::Revision& revision = proposed->revision;
  const std::string body =
      json{json_of(revision.parent), json_of(revision.position), revision.info, revision.changes}
          .dump();
  auto statement =
      database.prepare("INSERT INTO tentative (attempt, boot, body, digest) VALUES (?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  Status bound = statement->bind(1, static_cast<std::int64_t>(proposed->attempt));
  if (bound) bound = statement->bind(2, static_cast<std::int64_t>(proposed->boot));
  if (bound) bound = statement->bind(3, std::string_view(body));
  if (bound) bound = statement->bind(4, std::string_view(digest(body)));
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

}  // namespace yoke::store
