// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/alarms.h"

#include <algorithm>
#include <utility>

namespace yoke::alarms {
namespace {

bool tells(events::Kind kind) {
  return events::alarm_row_of(kind).telling == events::Telling::kAlarm;
}

}  // namespace

std::vector<events::Event> Alarms::follow(std::vector<Condition> holding, Wall now, Part part) {
  std::vector<events::Event> told;
  auto& standing = standing_[static_cast<std::size_t>(part)];
  std::map<Key, Alarm> before = std::exchange(standing, {});
  for (Condition& condition : holding) {
    const Key key{condition.kind, condition.subject};
    const auto known = before.find(key);
    if (known == before.end() && tells(condition.kind)) {
      told.push_back({condition.kind, condition.text, condition.fields, now});
    }
    const Wall raised = known == before.end() ? now : known->second.raised;
    standing.insert_or_assign(key, Alarm{std::move(condition), raised, {}});
    if (known != before.end()) before.erase(known);
  }
  for (auto& [key, alarm] : before) clear(std::move(alarm), now, told);
  return told;
}

void Alarms::clear(Alarm alarm, Wall now, std::vector<events::Event>& told) {
  alarm.cleared = now;
  const auto& row = events::alarm_row_of(alarm.what.kind);
  if (row.telling == events::Telling::kAlarm) {
    const std::string of = alarm.what.subject.empty() ? "" : alarm.what.subject + ": ";
    told.push_back({row.cleared, of + "no more: " + alarm.what.text, alarm.what.fields, now});
  }
  cleared_.push_front(std::move(alarm));
  if (cleared_.size() > kClearedKept) cleared_.pop_back();
}

bool Alarms::stands(events::Kind kind) const {
  return std::ranges::any_of(standing_, [kind](const auto& standing) {
    const auto first = standing.lower_bound({kind, ""});
    return first != standing.end() && first->first.first == kind;
  });
}

std::vector<Alarm> Alarms::all() const {
  std::vector<Alarm> list;
  for (const auto& standing : standing_) {
    for (const auto& [key, alarm] : standing) list.push_back(alarm);
  }
  std::ranges::stable_sort(list, std::ranges::greater(), &Alarm::raised);
  list.insert(list.end(), cleared_.begin(), cleared_.end());
  return list;
}

}  // namespace yoke::alarms
