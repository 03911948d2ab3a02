// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/troubles.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/number.h"
#include "mgmt/model/words.h"
#include "mgmt/system/network_files.h"

namespace yoke::system {
namespace {

using model::Config;
using model::Path;

constexpr std::string_view kWay =
    "; on the machine: systemctl status yoke-network.service systemd-networkd";

std::vector<std::string_view> parts_of(const std::string& list) {
  return list.empty() ? std::vector<std::string_view>() : model::split_list(list);
}

Device device_wanted(const Config& config, const Path& path) {
  if (!config.value(path, "parent").empty()) return Device::kVlan;
  return config.value(path, "members").empty() ? Device::kOther : Device::kBond;
}

// A port of the data plane that the interface would be made of; empty: none.
std::string port_below(const Config& config, const Path& path, const Kernel& kernel) {
  const auto is_port = [&kernel](std::string_view name) {
    const KernelInterface* const known = kernel.find(name);
    return known != nullptr && known->device == Device::kTap;
  };
  std::string parent = config.value(path, "parent");
  if (is_port(parent)) return parent;
  const std::string members = config.value(path, "members");
  for (const std::string_view member : parts_of(members)) {
    if (is_port(member)) return std::string(member);
  }
  return {};
}

std::string missing_addresses(const Config& config, const Path& path, const KernelInterface& has) {
  std::string missing;
  const std::string list = config.value(path, "address");
  for (const std::string_view part : parts_of(list)) {
    const auto prefix = net::Prefix::parse(part);
    if (!prefix || std::ranges::find(has.addresses, *prefix) != has.addresses.end()) continue;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", part);
  }
  return missing;
}

// A VLAN or bond that is not there.
std::string trouble_of_making(const Config& config, const Path& path, const Kernel& kernel) {
  const std::string parent = config.value(path, "parent");
  if (parent.empty() || kernel.find(parent) != nullptr) {
    return fmt::format("{} was not made{}", path.key(), kWay);
  }
  return fmt::format("{} was not made: {}, which is to carry it, is not there", path.key(), parent);
}

std::string trouble_of_mtu(const Config& config, const Path& path, const Kernel& kernel,
                           const KernelInterface& has) {
  const auto mtu = parse_decimal(config.value(path, "mtu")).value_or(0);
  if (mtu == 0 || mtu == has.mtu) return {};
  const std::string is = fmt::format("{} has an MTU of {} and not of {}", has.name, has.mtu, mtu);
  const KernelInterface* const parent = kernel.find(config.value(path, "parent"));
  if (parent != nullptr && parent->mtu < mtu) {
    return fmt::format("{}: {}, which carries it, has {}; set interface {} mtu {}", is,
                       parent->name, parent->mtu, parent->name, mtu);
  }
  return is + std::string(kWay);
}

// Empty: nothing is wrong.
std::string trouble_of(const Config& config, const Path& path, const Kernel& kernel) {
  const std::string& name = path.key();
  if (const std::string port = port_below(config, path, kernel); !port.empty()) {
    return fmt::format(
        "{} is a port of the data plane: VLANs and bonds of those are not to be had yet", port);
  }
  const Device wanted = device_wanted(config, path);
  const KernelInterface* const has = kernel.find(name);
  if (has == nullptr && wanted == Device::kOther) {
    return fmt::format("this unit has no interface {}: those that it has are in show address",
                       name);
  }
  if (has == nullptr) return trouble_of_making(config, path, kernel);
  if (wanted != Device::kOther && has->device != wanted) {
    return fmt::format("{} is there already and no {}: give it another name", name,
                       wanted == Device::kVlan ? "VLAN" : "bond");
  }
  if (const auto vlan = parse_decimal(config.value(path, "vlan")).value_or(0);
      wanted == Device::kVlan && has->vlan != 0 && has->vlan != vlan) {
    return fmt::format("{} is VLAN {} and not {}{}", name, has->vlan, vlan, kWay);
  }
  const bool is_to_be_up = config.value(path, "enabled") != "no";
  if (has->is_up != is_to_be_up) {
    return fmt::format("{} is {} and should not be{}", name, has->is_up ? "up" : "down", kWay);
  }
  if (!is_to_be_up) return {};
  if (const std::string missing = missing_addresses(config, path, *has); !missing.empty()) {
    return fmt::format("{} has not {}{}", name, missing, kWay);
  }
  if (std::string text = trouble_of_mtu(config, path, kernel, *has); !text.empty()) return text;
  return has->has_link ? std::string() : fmt::format("{} has no link: look at its cable", name);
}

std::string trouble_of_route(const Config& config, const Path& path, const Kernel& kernel) {
  const std::string interface = interface_of_route(config, path);
  const std::string gateway = config.value(path, "gateway");
  if (interface.empty()) {
    return fmt::format(
        "the route to {} is not used: its gateway {} is in the network of no configured interface; "
        "set route {} interface",
        path.key(), gateway, path.key());
  }
  const KernelInterface* const by = kernel.find(interface);
  const bool is_told_of_interface =
      by == nullptr || !by->is_up || config.value({{"interface", interface}}, "enabled") == "no";
  if (is_told_of_interface) return {};
  const auto prefix = net::Prefix::parse(path.key());
  const auto via = net::IpAddress::parse(gateway);
  const auto metric = parse_decimal(config.value(path, "metric")).value_or(0);
  const auto is_it = [&](const KernelRoute& route) {
    return prefix && route.prefix == *prefix && route.interface == interface &&
           route.metric == metric && route.gateway == (via ? std::optional(*via) : std::nullopt);
  };
  if (std::ranges::any_of(kernel.routes, is_it)) return {};
  return fmt::format("the route to {} is not set{}", path.key(), kWay);
}

}  // namespace

std::vector<Trouble> troubles_of(const Config& config, const Kernel& kernel) {
  std::vector<Trouble> found;
  const auto add = [&found](std::string subject, std::string text) {
    if (!text.empty()) found.push_back({std::move(subject), std::move(text)});
  };
  for (const std::string& name : config.keys("interface")) {
    add(name, trouble_of(config, {{"interface", name}}, kernel));
  }
  for (const std::string& prefix : config.keys("route")) {
    add("route " + prefix, trouble_of_route(config, {{"route", prefix}}, kernel));
  }
  return found;
}

}  // namespace yoke::system
