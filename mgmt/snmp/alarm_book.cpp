// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/alarm_book.h"

#include <set>
#include <utility>

namespace yoke::snmp {
namespace {

using nlohmann::json;

std::string text_in(const json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t time_in(const json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool is_same(const json& a, const json& b) { return a["number"] == b["number"]; }

}  // namespace

void AlarmBook::follow(const json& alarms, bool settling) {
  Standing now;
  std::set<Key> over;
  for (const json& row : alarms.is_array() ? alarms : json::array()) {
    if (!row.is_object()) continue;
    Key key{text_in(row, "alarm"), text_in(row, "subject")};
    if (text_in(row, "state") != "raised") {
      over.insert(std::move(key));
      continue;
    }
    const auto found = standing_.find(key);
    const bool is_known = found != standing_.end() &&
                          (settling || time_in(found->second, "raised") == time_in(row, "raised"));
    json kept = row;
    kept["number"] = is_known ? found->second["number"] : json(++last_);
    if (text_in(row, "next").empty()) kept["next"] = "";
    in_step_ = in_step_ && is_known;
    now.insert_or_assign(std::move(key), std::move(kept));
  }
  const std::size_t before = standing_.size();
  if (settling) {
    for (const Key& key : over) standing_.erase(key);
    now.merge(standing_);
  }
  in_step_ = in_step_ && now.size() == before;
  standing_ = std::move(now);
}

json AlarmBook::rows() const {
  json rows = json::array();
  for (const auto& [key, row] : standing_) rows.push_back(row);
  return rows;
}

std::vector<AlarmBook::Change> AlarmBook::take_changes(std::size_t most) {
  std::vector<Change> changes;
  if (in_step_) return changes;
  for (auto told = told_.begin(); told != told_.end() && changes.size() < most;) {
    const auto stands = standing_.find(told->first);
    if (stands != standing_.end() && is_same(stands->second, told->second)) {
      ++told;
    } else {
      changes.push_back({false, std::move(told->second)});
      told = told_.erase(told);
    }
  }
  for (auto row = standing_.begin(); row != standing_.end() && changes.size() < most; ++row) {
    if (told_.contains(row->first)) continue;
    changes.push_back({true, row->second});
    told_.insert(*row);
  }
  in_step_ = changes.size() < most;
  return changes;
}

}  // namespace yoke::snmp
