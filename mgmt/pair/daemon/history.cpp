// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/history.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace yoke::pair {
namespace {

std::string text_of(History::Wall at) {
  const auto since = at.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds.count()),
                     milliseconds.count());
}

}  // namespace

void History::add(const Report& report, std::string group, Wall at) {
  if (report.kind == Report::Kind::kTransition) {
    Counts& counts = counts_[group];
    ++counts.role_changes;
    if (is_holder(report.to) && !is_holder(report.from)) {
      ++counts.takeovers[meaning(report.reason).code];
    }
  }
  if (entries_.size() == kMost) entries_.pop_front();
  entries_.push_back({report, std::move(group), at});
}

nlohmann::json History::counts(const std::string& group) const {
  const auto at = counts_.find(group);
  const Counts counts = at == counts_.end() ? Counts{} : at->second;
  auto takeovers = nlohmann::json::object();
  for (const auto& [reason, count] : counts.takeovers) takeovers[std::string(reason)] = count;
  return {{"role_changes", counts.role_changes}, {"takeovers", std::move(takeovers)}};
}

nlohmann::json History::to_json() const {
  auto entries = nlohmann::json::array();
  for (const Entry& entry : entries_) {
    nlohmann::json row{{"at", text_of(entry.at)}, {"group", entry.group}};
    if (entry.report.kind == Report::Kind::kAlarm) {
      row["alarm"] = kAlarmNames[static_cast<std::size_t>(entry.report.alarm)];
      row["on"] = entry.report.on;
    } else {
      row["from"] = name(entry.report.from);
      row["to"] = name(entry.report.to);
      row["reason"] = meaning(entry.report.reason).code;
      row["text"] = meaning(entry.report.reason).text;
      row["epoch"] = entry.report.epoch;
    }
    entries.push_back(std::move(row));
  }
  return {{"entries", std::move(entries)}};
}

}  // namespace yoke::pair
