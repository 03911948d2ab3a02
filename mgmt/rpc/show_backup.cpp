// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {

Rows backup_rows(const Question& question) {
  nlohmann::json rows = nlohmann::json::array();
  const backup::Backups& backups = question.unit().backups;
  const backup::Job& last = backups.last();
  for (const backup::Kept& kept : backups.kept()) {
    const auto made_at = std::chrono::floor<std::chrono::seconds>(kept.made_at);
    rows.push_back({{"file", kept.name},
                    {"when", made_at.time_since_epoch().count()},
                    {"bytes", kept.bytes},
                    {"sent", backups.is_sent(kept.name)},
                    {"error", nullptr}});
    if (kept.name == last.name && last.error) rows.back()["error"] = last.error->text;
  }
  return rows;
}

}  // namespace yoke::rpc
