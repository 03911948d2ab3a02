// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/port_rules.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "hal/device.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

// Interfaces of the kernel that ports are made of, and other devices, each with its port.
struct Taken {
  std::map<std::string, std::string> interfaces, others;
};

Taken devices_of(const Config& config, const ViolatedAt& add) {
  Taken taken;
  for (const std::string& name : config.keys("port")) {
    const Path path{{"port", name}};
    const auto device = hal::Device::parse(config.value(path, "device"));
    if (!device) continue;  // the board file's
    const std::string interface = device->interface();
    auto& owners = interface.empty() ? taken.others : taken.interfaces;
    const auto [owner, is_new] =
        owners.emplace(interface.empty() ? device->to_string() : interface, name);
    if (is_new) continue;
    add(path, "E-248", fmt::format("{} is made of {} already", owner->second, owner->first));
  }
  return taken;
}

void check_name(const Config& config, const Taken& taken, const Path& path, const ViolatedAt& add) {
  const std::string& name = path.key();
  const Path interface {
    { "interface", name }
  };
  if (name == "lo" || name == "all" || name == "default") {
    add(path, "E-249", fmt::format("{} is the kernel's own: take another name", name));
  } else if (taken.interfaces.contains(name)) {
    add(path, "E-249",
        fmt::format("its kernel twin is called {} as well, which port {} is made of", name,
                    taken.interfaces.at(name)));
  } else if (config.value(interface, "vlan") != "0" && config.find(interface) != nullptr) {
    add(path, "E-249", fmt::format("interface {} is a VLAN: take another name", name));
  } else if (!config.value(interface, "members").empty()) {
    add(path, "E-249", fmt::format("interface {} is a bond: take another name", name));
  }
}

void check_members(const Config& config, const Taken& taken, const ViolatedAt& add) {
  for (const std::string& name : config.keys("interface")) {
    const Path path{{"interface", name}};
    const std::string members = config.value(path, "members");
    if (members.empty()) continue;
    for (const std::string_view member : split_list(members)) {
      const auto port = taken.interfaces.find(std::string(member));
      if (port == taken.interfaces.end()) continue;
      add(path, "E-243",
          fmt::format("its member {} is what port {} is made of", member, port->second));
    }
  }
}

}  // namespace

void check_ports(const Config& config, const ViolatedAt& add) {
  const Taken taken = devices_of(config, add);
  for (const std::string& name : config.keys("port")) {
    check_name(config, taken, {{"port", name}}, add);
  }
  check_members(config, taken, add);
}

}  // namespace yoke::model
