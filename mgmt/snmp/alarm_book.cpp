// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/alarm_book.h"

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

}  // namespace

void AlarmBook::follow(const json& alarms) {
  Standing now;
  for (const json& row : alarms.is_array() ? alarms : json::array()) {
    if (!row.is_object() || text_in(row, "state") != "raised") continue;
    Key key{text_in(row, "alarm"), text_in(row, "subject"), time_in(row, "raised")};
    const auto known = standing_.find(key);
    json kept = row;
    kept["number"] = known == standing_.end() ? json(++last_) : known->second["number"];
    if (text_in(row, "next").empty()) kept["next"] = "";
    in_step_ = in_step_ && known != standing_.end();
    now.insert_or_assign(std::move(key), std::move(kept));
  }
  in_step_ = in_step_ && now.size() == standing_.size();
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
    if (standing_.contains(told->first)) {
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
