// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/network_files.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "dataplane/net/address.h"
#include "mgmt/model/words.h"

namespace yoke::system {
namespace {

using model::Config;
using model::Path;

constexpr std::string_view kOrigin =
    "# Written by yoke-mgmt from its configuration; edits are lost.\n";

// What an interface is to others.
struct Ties {
  std::vector<std::string> vlans;  // that it carries
  std::string bond;                // that it is a member of
  std::string note;                // of both, for a file that differs where they do
};

std::vector<std::string_view> parts_of(const std::string& list) {
  return list.empty() ? std::vector<std::string_view>() : model::split_list(list);
}

Path interface_path(const std::string& name) { return {{"interface", name}}; }

std::string file_name(const std::string& name, std::string_view kind) {
  return fmt::format("network/00-yoke-{}.{}", name, kind);
}

std::map<std::string, Ties> ties_of(const Config& config) {
  std::map<std::string, Ties> ties;
  for (const std::string& name : config.keys("interface")) {
    const Path path = interface_path(name);
    (void)ties[name];
    if (const std::string parent = config.value(path, "parent"); !parent.empty()) {
      Ties& carrier = ties[parent];
      carrier.vlans.push_back(name);
      carrier.note += fmt::format("# {} vlan {}\n", name, config.value(path, "vlan"));
    }
    const std::string members = config.value(path, "members");
    for (const std::string_view member : parts_of(members)) {
      Ties& of = ties[std::string(member)];
      of.bond = name;
      of.note += fmt::format("# {} {}\n", name, config.value(path, "mode"));
    }
  }
  return ties;
}

// A VLAN or a bond is made; nothing of others.
std::string netdev(const Config& config, const std::string& name) {
  const Path path = interface_path(name);
  const auto start = [&](std::string_view kind) {
    return fmt::format("{}[NetDev]\nName={}\nKind={}\n", kOrigin, name, kind);
  };
  if (!config.value(path, "parent").empty()) {
    return start("vlan") + fmt::format("\n[VLAN]\nId={}\n", config.value(path, "vlan"));
  }
  if (config.value(path, "members").empty()) return {};
  const std::string mode = config.value(path, "mode");
  // Linux looks at no member's link unless it is told how often.
  std::string text = start("bond") + fmt::format("\n[Bond]\nMode={}\nMIIMonitorSec=100ms\n", mode);
  if (mode == "802.3ad") text += "TransmitHashPolicy=layer3+4\n";
  return text;
}

bool has_network_of(const Config& config, const std::string& name, const net::IpAddress& gateway) {
  const std::string list = config.value(interface_path(name), "address");
  for (const std::string_view part : parts_of(list)) {
    const auto prefix = net::Prefix::parse(part);
    if (prefix && prefix->contains(gateway)) return true;
  }
  return false;
}

std::string route_text(const Config& config, const Path& route, const std::string& interface) {
  std::string text = fmt::format("\n[Route]\nDestination={}\n", route.key());
  const auto gateway = net::IpAddress::parse(config.value(route, "gateway"));
  if (!gateway) {
    text += "Scope=link\n";
  } else {
    text += fmt::format("Gateway={}\n", gateway->to_string());
    // Whoever names the interface says that the gateway is there.
    const bool is_within = gateway->is_link_local() || has_network_of(config, interface, *gateway);
    if (!is_within) text += "GatewayOnLink=yes\n";
  }
  return text + fmt::format("Metric={}\n", config.value(route, "metric"));
}

std::string addresses_text(const Config& config, const std::string& name) {
  std::string text;
  const std::string list = config.value(interface_path(name), "address");
  for (const std::string_view part : parts_of(list)) text += fmt::format("Address={}\n", part);
  for (const std::string& prefix : config.keys("route")) {
    const Path route{{"route", prefix}};
    if (interface_of_route(config, route) == name) text += route_text(config, route, name);
  }
  return text;
}

std::string network(const Config& config, const std::string& name, const Ties& ties) {
  const Path path = interface_path(name);
  const bool is_up = config.value(path, "enabled") != "no";
  const std::string dhcp = is_up && ties.bond.empty() ? config.value(path, "dhcp") : "no";
  const std::string mtu = config.value(path, "mtu");
  std::string text = fmt::format("{}{}[Match]\nName={}\n\n[Link]\n", kOrigin, ties.note, name);
  if (mtu != "0" && !mtu.empty()) text += fmt::format("MTUBytes={}\n", mtu);
  text += fmt::format("ActivationPolicy={}\nRequiredForOnline=no\n", is_up ? "up" : "down");
  // Addresses that others have set stay: those of the board file are a way in.
  text += "\n[Network]\nKeepConfiguration=yes\nConfigureWithoutCarrier=yes\n";
  for (const std::string& vlan : ties.vlans) text += fmt::format("VLAN={}\n", vlan);
  if (!ties.bond.empty()) return text + fmt::format("Bond={}\n", ties.bond);
  const bool takes_ipv6 = dhcp == "both" || dhcp == "ipv6";
  text += fmt::format("LinkLocalAddressing=ipv6\nIPv6AcceptRA={}\nDHCP={}\n",
                      takes_ipv6 ? "yes" : "no", dhcp == "both" ? "yes" : dhcp);
  if (is_up) text += addresses_text(config, name);
  // Its name, DNS and NTP servers are `system`'s.
  if (dhcp == "ipv4" || dhcp == "both")
    text += "\n[DHCPv4]\nUseDNS=no\nUseNTP=no\nUseHostname=no\n";
  if (takes_ipv6) {
    text += "\n[DHCPv6]\nUseDNS=no\nUseNTP=no\nUseHostname=no\n\n[IPv6AcceptRA]\nUseDNS=no\n";
  }
  return text;
}

}  // namespace

std::string interface_of_route(const Config& config, const Path& route) {
  if (std::string named = config.value(route, "interface"); !named.empty()) return named;
  const auto gateway = net::IpAddress::parse(config.value(route, "gateway"));
  if (!gateway) return {};
  std::string found;
  int longest = -1;
  for (const std::string& name : config.keys("interface")) {
    const std::string list = config.value(interface_path(name), "address");
    for (const std::string_view part : parts_of(list)) {
      const auto prefix = net::Prefix::parse(part);
      if (!prefix || !prefix->contains(*gateway) || prefix->length <= longest) continue;
      longest = prefix->length;
      found = name;
    }
  }
  return found;
}

Files network_files_of(const Config& config) {
  Files files;
  for (const auto& [name, ties] : ties_of(config)) {
    files[file_name(name, "network")] = network(config, name, ties);
    if (std::string made = netdev(config, name); !made.empty()) {
      files[file_name(name, "netdev")] = std::move(made);
    }
  }
  return files;
}

}  // namespace yoke::system
