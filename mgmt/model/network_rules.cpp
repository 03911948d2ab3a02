// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/network_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/number.h"
#include "mgmt/model/network_schema.h"
#include "mgmt/model/snat.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

struct Interface {
  Path path;
  std::vector<net::Prefix> addresses;
  std::uint64_t mtu = 0, vlan = 0;  // 0: none
  std::string dhcp, parent;
  std::vector<std::string> members;

  [[nodiscard]] const std::string& name() const { return path.key(); }
};

std::vector<std::string> list_of(const std::string& text) {
  if (text.empty()) return {};
  const auto parts = split_list(text);
  return {parts.begin(), parts.end()};
}

Interface read_interface(const Config& config, const std::string& name) {
  Interface read;
  read.path = {{"interface", name}};
  for (const std::string& text : list_of(config.value(read.path, "address"))) {
    if (const auto prefix = net::Prefix::parse(text)) read.addresses.push_back(*prefix);
  }
  read.mtu = parse_decimal(config.value(read.path, "mtu")).value_or(0);
  read.vlan = parse_decimal(config.value(read.path, "vlan")).value_or(0);
  read.dhcp = config.value(read.path, "dhcp");
  read.parent = config.value(read.path, "parent");
  read.members = list_of(config.value(read.path, "members"));
  return read;
}

// Names of the folders beside those of interfaces in /proc/sys/net, and the loopback interface.
bool is_kept(std::string_view name) { return name == "lo" || name == "all" || name == "default"; }

// What a host cannot have as its own in this network, and why; empty: it can.
std::string_view unfit(const net::Prefix& prefix) {
  const net::IpAddress& address = prefix.address;
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback() ||
      address == net::IpAddress::v4(255, 255, 255, 255)) {
    return "cannot be a host's address";
  }
  if (prefix.length == 0) return "has all addresses there are in its network";
  constexpr std::uint8_t kPointToPoint = 31;  // RFC 3021: both addresses of it are hosts'
  if (!address.is_v4() || prefix.length >= kPointToPoint) return {};
  if (address == prefix.network()) return "is the network's own address";
  const std::uint8_t* const octets = address.v4_octets();
  const std::uint32_t value = (std::uint32_t{octets[0]} << 24U) |
                              (std::uint32_t{octets[1]} << 16U) | (std::uint32_t{octets[2]} << 8U) |
                              octets[3];
  const std::uint32_t hosts = 0xffffffffU >> prefix.length;
  return (value & hosts) == hosts ? "is the network's broadcast address" : std::string_view();
}

// Walks the interfaces once and then asks one question a function. Owned by one call.
class NetworkChecker {
 public:
  NetworkChecker(const Config& config, const ViolatedAt& add) : config_(config), add_(add) {
    for (const std::string& name : config.keys("interface")) {
      interfaces_.emplace(name, read_interface(config, name));
    }
  }

  void run() {
    for (const auto& [name, interface] : interfaces_) {
      check_name(interface, name);
      check_vlan(interface);
      check_mtu(interface);
      check_members(interface);
    }
    check_addresses();
    check_service_addresses();
    for (const std::string& prefix : config_.keys("route")) check_route({{"route", prefix}});
  }

 private:
  void check_name(const Interface& interface, std::string_view name) {
    if (!is_kept(name)) return;
    add_(interface.path, "E-240", fmt::format("{} is the kernel's own: take another name", name));
  }

  void check_vlan(const Interface& interface) {
    const bool has_parent = !interface.parent.empty();
    if ((interface.vlan != 0) != has_parent) {
      add_(interface.path, "E-241",
           has_parent ? "it has a parent and no vlan: set the VLAN's number"
                      : "it has a vlan and no parent: set the interface that carries it");
    }
    if (interface.vlan == 0 || !has_parent) return;
    if (!interface.members.empty()) {
      add_(interface.path, "E-241", "it is a VLAN and has members: a bond is an interface apart");
    }
    const auto [first, is_new] =
        vlans_.emplace(std::pair(interface.parent, interface.vlan), interface.name());
    if (!is_new) {
      add_(interface.path, "E-241",
           fmt::format("{} is VLAN {} on {} already", first->second, interface.vlan,
                       interface.parent));
    }
    check_circle(interface);
  }

  void check_circle(const Interface& interface) {
    const Interface* at = &interface;
    for (std::size_t steps = 0; steps <= interfaces_.size(); ++steps) {
      const auto parent = interfaces_.find(at->parent);
      if (parent == interfaces_.end()) return;
      at = &parent->second;
      if (at == &interface) {
        add_(interface.path, "E-242",
             fmt::format("it is carried by {}, and that by it", interface.parent));
        return;
      }
    }
  }

  void check_mtu(const Interface& interface) {
    if (interface.mtu == 0) return;
    const auto parent = interfaces_.find(interface.parent);
    if (parent == interfaces_.end() || parent->second.mtu == 0) return;
    if (interface.mtu > parent->second.mtu) {
      add_(interface.path, "E-245",
           fmt::format("its mtu is {} where {}, which carries it, has {}", interface.mtu,
                       interface.parent, parent->second.mtu));
    }
  }

  void check_members(const Interface& bond) {
    if (bond.members.size() > kMembersMax) {
      add_(bond.path, "E-208",
           fmt::format("{} members of a bond that has {} at most", bond.members.size(),
                       kMembersMax));
    }
    for (const std::string& member : bond.members) {
      if (is_kept(member)) {
        add_(bond.path, "E-240", fmt::format("its member {} is the kernel's own", member));
      }
      const auto [owner, is_new] = bond_of_.emplace(member, bond.name());
      if (!is_new || member == bond.name()) {
        add_(bond.path, "E-243", fmt::format("its member {} is one of {}", member, owner->second));
      }
      check_member(bond, member);
    }
  }

  void check_member(const Interface& bond, const std::string& name) {
    const auto refuse = [&](std::string_view why) {
      add_(bond.path, "E-243", fmt::format("its member {} {}", name, why));
    };
    for (const auto& [other, interface] : interfaces_) {
      if (interface.parent == name && other != name) {
        refuse("carries VLANs: put them on the bond");
        break;
      }
    }
    const auto found = interfaces_.find(name);
    if (found == interfaces_.end() || name == bond.name()) return;
    const Interface& member = found->second;
    if (!member.addresses.empty() || member.dhcp != "no") {
      refuse("has addresses of its own: give them to the bond");
    }
    if (member.mtu != 0) refuse("has an mtu of its own: give it to the bond");
    if (!member.members.empty()) refuse("is a bond itself");
    if (member.vlan != 0) refuse("is a VLAN");
  }

  void check_addresses() {
    for (const auto& [name, interface] : interfaces_) {
      if (interface.addresses.size() > kInterfaceAddressesMax) {
        add_(interface.path, "E-208",
             fmt::format("{} addresses of an interface that has {} at most",
                         interface.addresses.size(), kInterfaceAddressesMax));
      }
      for (const net::Prefix& prefix : interface.addresses) {
        if (const auto why = unfit(prefix); !why.empty()) {
          add_(interface.path, "E-210", fmt::format("{} {}", prefix.to_string(), why));
        }
        // Link-local ones are of their link (RFC 4291): the same on another is another.
        if (prefix.address.is_link_local()) continue;
        const auto [owner, is_new] = own_.emplace(prefix.address, name);
        if (!is_new) {
          add_(interface.path, "E-244",
               fmt::format("{} is an address of {} already", prefix.address.to_string(),
                           owner->second));
        }
      }
    }
  }

  void check_service_addresses() {
    std::set<std::pair<net::IpAddress, std::string>> told;
    const auto look = [&](const net::IpAddress& address, std::string whose) {
      const auto owner = own_.find(address);
      if (owner == own_.end() || !told.emplace(address, whose).second) return;
      add_(Path{{"interface", owner->second}}, "E-246",
           fmt::format("{} is {}: two would answer for it", address.to_string(), whose));
    };
    if (own_.empty()) return;
    for (const std::string& name : config_.keys("vip")) {
      const Path path{{"vip", name}};
      if (const auto address = net::ServiceAddress::parse(config_.value(path, "address"))) {
        look(address->endpoint.address, "the address of vip " + name);
      }
      for (const net::IpAddress& snat : snat_addresses(config_, path)) {
        look(snat, "a SNAT address of vip " + name);
      }
    }
  }

  void check_route(const Path& path) {
    const std::string interface = config_.value(path, "interface");
    if (bond_of_.contains(interface)) {
      add_(path, "E-247",
           fmt::format("{} is a member of {}: name that", interface, bond_of_.at(interface)));
    }
    const auto gateway = net::IpAddress::parse(config_.value(path, "gateway"));
    if (!gateway) {
      if (interface.empty()) {
        add_(path, "E-247", "it has neither a gateway nor an interface: set one");
      }
      return;
    }
    const auto prefix = net::Prefix::parse(path.key());
    if (prefix && prefix->address.is_v4() != gateway->is_v4()) {
      add_(path, "E-247",
           fmt::format("its gateway {} is of the other family", gateway->to_string()));
    }
    if (gateway->is_unspecified() || gateway->is_multicast() || gateway->is_loopback()) {
      add_(path, "E-210", fmt::format("{} cannot be a gateway's address", gateway->to_string()));
    }
    if (const auto owner = own_.find(*gateway); owner != own_.end()) {
      add_(path, "E-247",
           fmt::format("its gateway {} is the unit's own, of {}", gateway->to_string(),
                       owner->second));
    }
    if (gateway->is_link_local() && interface.empty()) {
      add_(path, "E-247",
           fmt::format("its gateway {} is one on each link: set the interface too",
                       gateway->to_string()));
    }
  }

  const Config& config_;
  const ViolatedAt& add_;
  std::map<std::string, Interface> interfaces_;
  std::map<std::pair<std::string, std::uint64_t>, std::string> vlans_;  // by parent and number
  std::map<std::string, std::string> bond_of_;                          // by member
  std::map<net::IpAddress, std::string> own_;
};

}  // namespace

void check_network(const Config& config, const ViolatedAt& add) {
  NetworkChecker(config, add).run();
}

}  // namespace yoke::model
