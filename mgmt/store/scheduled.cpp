// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/scheduled.h"

#include "mgmt/model/json.h"
#include "mgmt/store/database.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

Result<model::Config> config_in(const Database& database, const std::string& text,
                                const std::string& expected_digest) {
  const auto document = model::parse_json(text);
  auto config = document ? model::config_from_json(*document)
                         : Result<model::Config>(tl::unexpected<Error>(document.error()));
  if (config && digest(text) == expected_digest) return config;
  return fail(Errc::kFailed, kCorrupt,
              database.path() + ": its scheduled commit is damaged; restore a backup");
}

}  // namespace

Result<std::optional<Scheduled>> load_scheduled(Database& database) {
  auto statement = database.prepare(
      "SELECT at, base, document, document_digest, user, origin, note, confirm_ms FROM scheduled");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return std::nullopt;
  auto config = config_in(database, statement->text(2), statement->text(3));
  if (!config) return tl::unexpected<Error>(config.error());
  Scheduled scheduled{.at = system_clock::time_point(milliseconds(statement->integer(0))),
                      .base_revision = static_cast<std::uint64_t>(statement->integer(1)),
                      .config = std::move(*config),
                      .user = statement->text(4),
                      .origin = statement->text(5),
                      .note = statement->text(6)};
  if (!statement->is_null(7)) scheduled.confirm_within = milliseconds(statement->integer(7));
  return scheduled;
}

Status save_scheduled(Database& database, const std::optional<Scheduled>& scheduled) {
  if (auto forgotten = database.execute("DELETE FROM scheduled"); !forgotten) return forgotten;
  if (!scheduled) return {};
  auto statement = database.prepare(
      "INSERT INTO scheduled"
      " (at, base, document, document_digest, user, origin, note, confirm_ms)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto at = std::chrono::floor<milliseconds>(scheduled->at).time_since_epoch().count();
  const std::string document = model::to_json(scheduled->config).dump();
  const std::string document_digest = digest(document);
  Status bound = statement->bind(1, std::int64_t{at});
  if (bound) bound = statement->bind(2, static_cast<std::int64_t>(scheduled->base_revision));
  int parameter = 3;
  for (const std::string* text :
       {&document, &document_digest, &scheduled->user, &scheduled->origin, &scheduled->note}) {
    if (bound) bound = statement->bind(parameter++, std::string_view(*text));
  }
  if (bound && scheduled->confirm_within) {
    bound = statement->bind(parameter, std::int64_t{scheduled->confirm_within->count()});
  } else if (bound) {
    bound = statement->bind_null(parameter);
  }
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

}  // namespace yoke::store
