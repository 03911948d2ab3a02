// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/answers.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace yoke::snmp {

using nlohmann::json;

json unit_rows(json status) {
  if (!status.is_array() || status.empty() || !status.front().is_object()) return away_rows();
  status.front()["management"] = "answering";
  return status;
}

json away_rows() { return json::array({json::object({{"management", "away"}})}); }

json vip_rows(json vips, const json& traffic) {
  if (!vips.is_array()) return json::array();
  std::map<json, const json*> of_name;
  if (traffic.is_array()) {
    for (const json& row : traffic) {
      if (row.is_object() && row.contains("name")) of_name[row["name"]] = &row;
    }
  }
  for (json& row : vips) {
    if (!row.is_object()) continue;
    const auto found = of_name.find(row.value("name", json()));
    // What both have stays as `vip` has it.
    if (found == of_name.end()) continue;
    for (const auto& [key, value] : found->second->items()) row.emplace(key, value);
  }
  return vips;
}

json drop_rows(const json& workers) {
  std::map<std::string, std::uint64_t> sums;
  if (workers.is_array()) {
    for (const json& worker : workers) {
      const auto drops = worker.is_object() ? worker.find("drops") : worker.end();
      if (drops == worker.end() || !drops->is_object()) continue;
      for (const auto& [reason, packets] : drops->items()) {
        if (packets.is_number_unsigned()) sums[reason] += packets.get<std::uint64_t>();
      }
    }
  }
  json rows = json::array();
  for (const auto& [reason, packets] : sums) {
    rows.push_back({{"reason", reason}, {"packets", packets}});
  }
  return rows;
}

}  // namespace yoke::snmp
