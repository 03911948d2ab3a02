// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace yoke::alarms {
namespace {

bool tells(events::Kind kind) {
  return events::alarm_row_of(kind).telling == events::Telling::kAlarm;
}

// "45s", "3m", "2h", "3d". The clock may have been set back meanwhile.
std::string age_text(Wall::duration age) {
  const auto seconds =
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(age).count(), 0);
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < 2 * kMinute) return fmt::format("{}s", seconds);
  if (seconds < 2 * kHour) return fmt::format("{}m", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{}h", seconds / kHour);
  return fmt::format("{}d", seconds / kDay);
}

}  // namespace

std::vector<events::Event> Alarms::follow(std::vector<Condition> holding, Wall now, Part part) {
  std::vector<events::Event> told;
  auto& standing = standing_[static_cast<std::size_t>(part)];
  std::map<Key, Alarm> before = std::exchange(standing, {});
  for (Condition& condition : holding) {
    const Key key{condition.kind, condition.subject};
    const auto known = before.find(key);
    if (!condition.over.empty()) {
      if (known == before.end()) continue;
      clear(std::move(known->second), condition.over, now, told);
      before.erase(known);
      continue;
    }
    if (known == before.end() && tells(condition.kind)) {
      told.push_back({condition.kind, condition.text, condition.fields, now});
    }
    const Wall raised = known == before.end() ? now : known->second.raised;
    standing.insert_or_assign(key, Alarm{std::move(condition), raised, {}});
    if (known != before.end()) before.erase(known);
  }
  for (auto& [key, alarm] : before) {
    clear(std::move(alarm), {}, now, told);
  }
  return told;
}

void Alarms::clear(Alarm alarm, const std::string& why, Wall now,
                   std::vector<events::Event>& told) {
  alarm.cleared = now;
  const auto& row = events::alarm_row_of(alarm.what.kind);
  if (row.telling == events::Telling::kAlarm) {
    const std::string of = alarm.what.subject.empty() ? "" : alarm.what.subject + ": ";
    const std::string over =
        fmt::format("over after {}; it was: {}", age_text(now - alarm.raised), alarm.what.text);
    told.push_back({row.cleared, why.empty() ? over : of + why, alarm.what.fields, now});
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

// As all of them in the order of their kinds and subjects, sorted and cut off.
std::vector<const Alarm*> Alarms::first(std::size_t most) const {
  std::vector<const Alarm*> list;
  for (const auto& standing : standing_) {
    for (const auto& [key, alarm] : standing) list.push_back(&alarm);
  }
  const auto urgency = [](const Alarm* alarm) {
    // What others follow from before them: a data plane that hangs takes VIPs with it.
    const bool follows = alarm->what.kind != events::Kind::kDataPlaneLost;
    return std::tuple(events::row_of(alarm->what.kind).level, follows,
                      -alarm->raised.time_since_epoch());
  };
  std::ranges::stable_sort(list, {}, urgency);
  list.resize(std::min(list.size(), most));
  return list;
}

std::vector<Alarm> Alarms::all() const {
  std::vector<Alarm> list;
  for (const Alarm* alarm : first(std::numeric_limits<std::size_t>::max())) {
    list.push_back(*alarm);
  }
  list.insert(list.end(), cleared_.begin(), cleared_.end());
  return list;
}

Alarms::Digest Alarms::digest(std::size_t most) const {
  Digest digest;
  for (const auto& standing : standing_) digest.standing += standing.size();
  for (const Alarm* alarm : first(most)) digest.first.push_back(*alarm);
  return digest;
}

}  // namespace yoke::alarms
