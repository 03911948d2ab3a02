// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/scheduled.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "mgmt/model/json.h"
#include "mgmt/store/database.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::string_view kColumns =
    "at, base, document, whole, user, uid, origin, note, confirm_ms, digest";

// Of the row as it is stored, but for itself.
std::string digest_of(std::int64_t at, const std::string& base, const std::string& document,
                      const Scheduled& scheduled) {
  std::string all = std::to_string(at) + ' ' + std::to_string(scheduled.uid) +
                    (scheduled.is_whole ? " whole " : " part ");
  if (scheduled.confirm_within) all += std::to_string(scheduled.confirm_within->count());
  for (const std::string* text :
       {&base, &document, &scheduled.user, &scheduled.origin, &scheduled.note}) {
    all += '\n' + *text;
  }
  return digest(all);
}

tl::unexpected<Error> damaged(const Database& database) {
  return fail(Errc::kFailed, kCorrupt,
              database.path() + ": its scheduled commit is damaged, and is not made");
}

Status bind_texts(Statement& statement,
                  std::initializer_list<std::pair<int, std::string_view>> texts) {
  for (const auto& [parameter, text] : texts) {
    if (auto bound = statement.bind(parameter, text); !bound) return bound;
  }
  return {};
}

}  // namespace

Result<std::optional<Scheduled>> load_scheduled(Database& database) {
  auto statement = database.prepare("SELECT " + std::string(kColumns) + " FROM scheduled");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return std::nullopt;
  const std::int64_t at = statement->integer(0);
  const std::string base = statement->text(1);
  const std::string document = statement->text(2);
  Scheduled scheduled{.at = {},
                      .base = {},
                      .config = {},
                      .is_whole = statement->integer(3) != 0,
                      .user = statement->text(4),
                      .origin = statement->text(6),
                      .note = statement->text(7),
                      .uid = static_cast<std::uint32_t>(statement->integer(5))};
  if (!statement->is_null(8)) scheduled.confirm_within = milliseconds(statement->integer(8));
  if (digest_of(at, base, document, scheduled) != statement->text(9)) return damaged(database);
  auto before = model::config_from_text(base);
  auto after = model::config_from_text(document);
  if (!before || !after) return damaged(database);
  scheduled.at = system_clock::time_point(milliseconds(at));
  scheduled.base = std::move(*before);
  scheduled.config = std::move(*after);
  return scheduled;
}

Status save_scheduled(Database& database, const std::optional<Scheduled>& scheduled) {
  if (auto forgotten = database.execute("DELETE FROM scheduled"); !forgotten) return forgotten;
  if (!scheduled) return {};
  auto statement = database.prepare("INSERT INTO scheduled (" + std::string(kColumns) +
                                    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto at = std::chrono::floor<milliseconds>(scheduled->at).time_since_epoch().count();
  const std::string base = model::to_json(scheduled->base).dump();
  const std::string document = model::to_json(scheduled->config).dump();
  Status bound = statement->bind(1, std::int64_t{at});
  if (bound) bound = statement->bind(4, std::int64_t{scheduled->is_whole});
  if (bound) bound = statement->bind(6, std::int64_t{scheduled->uid});
  if (bound && scheduled->confirm_within) {
    bound = statement->bind(9, std::int64_t{scheduled->confirm_within->count()});
  } else if (bound) {
    bound = statement->bind_null(9);
  }
  if (bound) {
    bound = bind_texts(*statement, {{2, base},
                                    {3, document},
                                    {5, scheduled->user},
                                    {7, scheduled->origin},
                                    {8, scheduled->note},
                                    {10, digest_of(at, base, document, *scheduled)}});
  }
  if (!bound) return bound;
  const auto inserted = statement->run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

}  // namespace yoke::store
