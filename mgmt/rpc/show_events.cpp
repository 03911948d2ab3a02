// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;
using Wall = std::chrono::system_clock::time_point;

constexpr std::size_t kEntriesShown = 1000;

std::int64_t seconds_of(Wall time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

json command_or_null(const std::string& command) {
  return command.empty() ? json() : json(command);
}

json alarm_row(const alarms::Alarm& alarm) {
  const auto& what = alarm.what;
  const auto& kind = events::row_of(what.kind);
  Row row;
  row.add("state", alarm.cleared ? "cleared" : "raised");
  row.add("raised", seconds_of(alarm.raised));
  row.add("cleared", alarm.cleared ? json(seconds_of(*alarm.cleared)) : json());
  row.add("level", events::word(kind.level)).add("alarm", kind.id).add("code", kind.code);
  row.add("subject", what.subject).add("text", what.text);
  row.add("next", command_or_null(events::command_of(what.kind, what.fields)));
  return row.take();
}

json rows_of(const std::vector<alarms::Alarm>& alarms) {
  json::array_t rows;
  for (const alarms::Alarm& alarm : alarms) rows.push_back(alarm_row(alarm));
  return rows;
}

}  // namespace

Rows alarm_rows(const Question& question) {
  const auto& alarms = question.unit().alarms;
  return alarms ? rows_of(alarms().all()) : json::array();
}

AlarmDigest alarm_digest(const Question& question) {
  constexpr std::size_t kFew = 3;
  const auto& alarms = question.unit().alarms;
  if (!alarms) return {json::array(), 0};
  const auto digest = alarms().digest(kFew);
  return {rows_of(digest.first), digest.standing};
}

Rows log_rows(const Question& question) {
  const auto entries = question.unit().log(kEntriesShown, question.choice);
  if (!entries) return tl::unexpected(entries.error());
  json rows = json::array();
  for (const events::Entry& entry : *entries) {
    json fields = json::object();
    for (const auto& [name, value] : entry.fields) fields[name] = value;
    rows.push_back({{"when", seconds_of(entry.at)},
                    {"level", events::word(entry.level)},
                    {"event", entry.event},
                    {"code", entry.code},
                    {"text", entry.text},
                    {"fields", std::move(fields)},
                    {"next", command_or_null(entry.command)}});
  }
  return rows;
}

}  // namespace yoke::rpc
