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

}  // namespace

Rows alarm_rows(const Question& question) {
  json rows = json::array();
  for (const alarms::Alarm& alarm : question.unit().alarms()) {
    const auto& what = alarm.what;
    const auto& row = events::row_of(what.kind);
    rows.push_back({{"state", alarm.cleared ? "cleared" : "raised"},
                    {"raised", seconds_of(alarm.raised)},
                    {"cleared", alarm.cleared ? json(seconds_of(*alarm.cleared)) : json()},
                    {"level", events::word(row.level)},
                    {"alarm", row.id},
                    {"code", row.code},
                    {"subject", what.subject},
                    {"text", what.text},
                    {"next", command_or_null(events::command_of(what.kind, what.fields))}});
  }
  return rows;
}

Rows log_rows(const Question& question) {
  const auto entries = question.unit().log(kEntriesShown);
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
