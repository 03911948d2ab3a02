// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/item.h"

#include <utility>

#include "hal/base/number.h"
#include "mgmt/model/pair_rules.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::tracking {
namespace {

// Pings are those of servers' checks; the other kinds have the same name there, or are ours.
std::string check_key(const std::string& key) {
  return model::choice_of(key) == "gateway" ? "icmp" : key;
}

Item item_of(const model::Config& config, const std::string& key) {
  const model::Path path{{"track", key}};
  health::Settings::Values values;
  for (const model::Field& field : model::find_type("track")->fields) {
    if (model::applies(field, key)) values.emplace(field.name, config.value(path, field.name));
  }
  Item item;
  item.key = key;
  const health::Settings all(values);
  item.weight = all.number("weight");
  if (const auto address = net::IpAddress::parse(all.text("address"))) {
    item.server.address = *address;
  }
  if (!all.text("groups").empty()) {
    for (const auto& group : model::split_list(all.text("groups"))) item.groups.emplace_back(group);
  }
  const bool is_asked = values.contains("timeout");
  item.check.key = check_key(key);
  item.check.interval = all.duration("interval");
  item.check.timeout = is_asked ? all.duration("timeout") : item.check.interval;
  item.check.rise = is_asked ? all.number("rise") : 1;
  item.check.fall = is_asked ? all.number("fall") : 1;
  for (const char* const other : {"weight", "groups"}) values.erase(other);
  item.check.settings = health::Settings(std::move(values));
  return item;
}

}  // namespace

std::vector<Item> items_of(const model::Config& config) {
  std::vector<Item> items;
  if (!model::is_pair(config)) return items;
  for (const std::string& key : config.keys("track")) items.push_back(item_of(config, key));
  return items;
}

}  // namespace yoke::tracking
