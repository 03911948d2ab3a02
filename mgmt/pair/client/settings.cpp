// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/settings.h"

#include <set>
#include <string>

#include "dataplane/net/address.h"
#include "mgmt/model/pair_rules.h"
#include "mgmt/model/snat.h"
#include "mgmt/model/words.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;

// Each address once: VIPs of several ports share one, and servers are told of SNAT addresses.
Json addresses_of(const model::Config& config, const model::VirtualRouter& router) {
  std::set<std::string> addresses;
  for (const std::string& vip : router.vips) {
    const auto address = net::ServiceAddress::parse(config.value({{"vip", vip}}, "address"));
    if (address) addresses.insert(address->endpoint.address.to_string());
    for (const auto& snat : model::snat_addresses(config, {{"vip", vip}})) {
      addresses.insert(snat.to_string());
    }
  }
  return addresses;
}

Json links_of(const model::Config& config, const std::string& data) {
  const std::string links = config.value(model::only("ha"), "data-links");
  Json names = Json::array();
  if (links.empty()) {
    names.push_back(data);
    return names;
  }
  for (const auto& name : model::split_list(links)) names.push_back(name);
  return names;
}

}  // namespace

Json settings_of(const model::Config& config, std::string_view unit) {
  if (!model::is_pair(config)) return nullptr;
  const auto setting = [&config](std::string_view field) {
    return config.value(model::only("ha"), field);
  };
  Json groups = Json::array();
  for (const auto& router : model::virtual_routers(config)) {
    groups.push_back({{"name", router.group},
                      {"vrid", router.vrid},
                      {"priority", unit == "b" ? router.priority_b : router.priority_a},
                      {"preempt", router.preempt},
                      {"vips", addresses_of(config, router)}});
  }
  const std::string data = setting("data-interface");
  return {{"version", 1},
          {"profile", setting("profile")},
          {"policy", setting("partition")},
          {"dedicated", {{"interface", setting("interface")}}},
          {"data", {{"interface", data}, {"links", links_of(config, data)}}},
          {"groups", std::move(groups)}};
}

}  // namespace yoke::pair
