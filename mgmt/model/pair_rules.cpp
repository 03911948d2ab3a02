// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/pair_rules.h"

#include <fmt/format.h>

#include <map>

#include "dataplane/net/address.h"
#include "hal/base/number.h"
#include "mgmt/model/group.h"
#include "mgmt/model/pair_schema.h"
#include "mgmt/model/snat.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

std::uint8_t octet(const Config& config, const Path& path, std::string_view field) {
  return static_cast<std::uint8_t>(parse_decimal(config.value(path, field)).value_or(0));
}

VirtualRouter read_router(const Config& config, const std::string& group) {
  const Path path = group.empty() ? only("ha") : Path{{"group", group}};
  return {.group = group,
          .vrid = octet(config, path, "vrid"),
          .priority_a = octet(config, path, "priority-a"),
          .priority_b = octet(config, path, "priority-b"),
          .preempt = config.value(path, "preempt") == "yes",
          .vips = {}};
}

std::string named(const std::string& group) {
  return group.empty() ? "the VIPs that are in no group" : "group " + group;
}

using Add = std::function<void(const Path&, std::string_view, std::string)>;

void check_links(const Config& config, const Add& add) {
  const Path pair = only("ha");
  const std::string interface = config.value(pair, "interface");
  const std::string data = config.value(pair, "data-interface");
  if (!interface.empty() && data.empty()) {
    add(pair, "E-250",
        "it has a dedicated link and no data-interface: VIPs are announced there, and a link that "
        "is cut alone must not look like a unit that is dead");
  }
  if (!interface.empty() && interface == data) {
    add(pair, "E-250", fmt::format("{} cannot be the dedicated link and a data port", data));
  }
  const std::string list = config.value(pair, "data-links");
  const std::size_t links = list.empty() ? 0 : split_list(list).size();
  if (links > kDataLinksMax) {
    add(pair, "E-208", fmt::format("{} data-links; a unit has up to {}", links, kDataLinksMax));
  }
}

void check_routers(const Config& config, const Add& add) {
  std::map<unsigned, std::string> known{{octet(config, only("ha"), "vrid"), ""}};
  for (const std::string& group : config.keys("group")) {
    const Path path{{"group", group}};
    const unsigned vrid = octet(config, path, "vrid");
    if (vrid == 0) {
      if (is_pair(config)) {
        add(path, "E-250", "it has no vrid: each group of a pair is a virtual router of its own");
      }
      continue;
    }
    const auto [at, is_new] = known.emplace(vrid, group);
    if (!is_new) {
      add(path, "E-251", fmt::format("its vrid {} is that of {}", vrid, named(at->second)));
    }
  }
}

// Of an address each unit either answers for all or for nothing.
void check_addresses(const Config& config, const Add& add) {
  std::map<net::IpAddress, std::string> group_of;
  for (const std::string& name : config.keys("vip")) {
    const Path path{{"vip", name}};
    const std::string group = config.value(path, "group");
    std::vector<net::IpAddress> addresses = snat_addresses(config, path);
    if (const auto own = net::ServiceAddress::parse(config.value(path, "address"))) {
      addresses.push_back(own->endpoint.address);
    }
    for (const net::IpAddress& address : addresses) {
      const auto [at, is_new] = group_of.emplace(address, group);
      if (is_new || at->second == group) continue;
      add(path, "E-252",
          fmt::format("{} would move with {} and with {}", address.to_string(), named(at->second),
                      named(group)));
    }
  }
}

}  // namespace

bool is_pair(const Config& config) { return !config.value(only("ha"), "interface").empty(); }

std::vector<VirtualRouter> virtual_routers(const Config& config) {
  std::map<std::string, VirtualRouter> routers;
  for (const std::string& name : config.keys("vip")) {
    const Path path{{"vip", name}};
    const std::string group = config.value(path, "group");
    const auto [at, is_new] = routers.try_emplace(group);
    if (is_new) at->second = read_router(config, group);
    if (is_answered_for(config, path)) at->second.vips.push_back(name);
  }
  std::vector<VirtualRouter> found;
  found.reserve(routers.size());
  for (auto& [group, router] : routers) found.push_back(std::move(router));
  return found;
}

void check_pair(const Config& config, const Add& add) {
  check_links(config, add);
  check_routers(config, add);
  if (is_pair(config)) check_addresses(config, add);
}

}  // namespace yoke::model
