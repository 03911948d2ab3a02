// SPDX-License-Identifier: Apache-2.0
#include "mgmt/events/standing.h"

#include <algorithm>

namespace yoke::events {
namespace {

Standing::Subject subject_of(const AlarmRow& row, const Entry& entry) {
  Standing::Subject subject;
  for (const std::string_view name : row.subject) {
    const auto field = std::ranges::find(entry.fields, name, [](const auto& f) { return f.first; });
    if (!name.empty()) subject.push_back(field == entry.fields.end() ? "" : field->second);
  }
  return subject;
}

}  // namespace

log::Level Standing::concern_of(const Entry& entry) {
  log::Level worst = entry.level;
  for (const AlarmRow& row : alarm_kinds()) {
    if (row_of(row.raised).id == entry.event) raised_.emplace(row.raised, subject_of(row, entry));
    const bool is_over = row_of(row.cleared).id == entry.event &&
                         raised_.erase({row.raised, subject_of(row, entry)}) > 0;
    if (is_over) worst = std::min(worst, row_of(row.raised).level);
  }
  return worst;
}

void Standing::forget_if(const std::function<bool(Kind, const Subject&)>& is_gone) {
  std::erase_if(raised_, [&](const auto& known) { return is_gone(known.first, known.second); });
}

}  // namespace yoke::events
