// SPDX-License-Identifier: Apache-2.0
#include "mgmt/address_reports.h"

#include <algorithm>
#include <string>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/model/words.h"
#include "mgmt/system/network_files.h"

namespace yoke {
namespace {

constexpr const char* kConfiguration = "configuration";
constexpr const char* kBoard = "board";
constexpr const char* kMachine = "machine";  // the board file, DHCP, whoever

std::string state_of(const system::KernelInterface& interface) {
  if (!interface.is_up) return "down";
  return interface.has_link ? "up" : "no link";
}

std::vector<net::Prefix> configured_addresses(const model::Config& config,
                                              const std::string& name) {
  std::vector<net::Prefix> found;
  const std::string list = config.value({{"interface", name}}, "address");
  if (list.empty()) return found;
  for (const std::string_view part : model::split_list(list)) {
    if (const auto prefix = net::Prefix::parse(part)) found.push_back(*prefix);
  }
  return found;
}

void add_interface(const model::Config& config, const system::KernelInterface& interface,
                   std::vector<rpc::AddressReport>& reports) {
  const auto configured = configured_addresses(config, interface.name);
  rpc::AddressReport report{
      interface.name, state_of(interface), interface.mtu, interface.mac, "", ""};
  for (const net::Prefix& has : interface.addresses) {
    const bool is_ours = std::ranges::find(configured, has) != configured.end();
    report.address = has.to_string();
    report.from = is_ours ? kConfiguration : kMachine;
    reports.push_back(report);
  }
  for (const net::Prefix& wanted : configured) {
    const auto& has = interface.addresses;
    if (std::ranges::find(has, wanted) != has.end()) continue;
    reports.push_back({interface.name, "not set", interface.mtu, interface.mac, wanted.to_string(),
                       kConfiguration});
  }
  if (!interface.addresses.empty() || !configured.empty()) return;
  const bool is_configured = config.find({{"interface", interface.name}}) != nullptr;
  report.from = is_configured ? kConfiguration : kMachine;
  reports.push_back(std::move(report));
}

rpc::RouteReport wanted_route(const model::Config& config, const model::Path& path) {
  return {path.key(),
          config.value(path, "gateway"),
          system::interface_of_route(config, path),
          parse_decimal(config.value(path, "metric")).value_or(0),
          "not set",
          kConfiguration};
}

bool is_same(const rpc::RouteReport& a, const rpc::RouteReport& b) {
  return a.prefix == b.prefix && a.gateway == b.gateway && a.interface == b.interface &&
         a.metric == b.metric;
}

std::string in_words(const hal::PortSetting& setting) {
  if (setting.mtu == 0) return setting.device;
  const std::string mtu = "mtu " + std::to_string(setting.mtu);
  return setting.device.empty() ? mtu : setting.device + " " + mtu;
}

}  // namespace

std::vector<rpc::AddressReport> address_reports(const model::Config& config,
                                                const system::Kernel& kernel) {
  std::vector<rpc::AddressReport> reports;
  for (const auto& interface : kernel.interfaces) add_interface(config, interface, reports);
  for (const std::string& name : config.keys("interface")) {
    if (kernel.find(name) != nullptr) continue;
    const auto configured = configured_addresses(config, name);
    for (const net::Prefix& wanted : configured) {
      reports.push_back({name, "missing", {}, "", wanted.to_string(), kConfiguration});
    }
    if (configured.empty()) reports.push_back({name, "missing", {}, "", "", kConfiguration});
  }
  return reports;
}

std::vector<rpc::RouteReport> route_reports(const model::Config& config,
                                            const system::Kernel& kernel) {
  std::vector<rpc::RouteReport> reports, wanted;
  for (const std::string& prefix : config.keys("route")) {
    wanted.push_back(wanted_route(config, {{"route", prefix}}));
  }
  for (const system::KernelRoute& route : kernel.routes) {
    rpc::RouteReport report{route.prefix.to_string(),
                            route.gateway ? route.gateway->to_string() : "",
                            route.interface,
                            route.metric,
                            "set",
                            kMachine};
    const auto ours = std::ranges::find_if(
        wanted, [&](const rpc::RouteReport& one) { return is_same(one, report); });
    if (ours != wanted.end()) {
      report.from = kConfiguration;
      wanted.erase(ours);
    }
    reports.push_back(std::move(report));
  }
  std::ranges::move(wanted, std::back_inserter(reports));
  return reports;
}

std::vector<rpc::PortReport> port_reports(const std::vector<system::PortState>& states) {
  std::vector<rpc::PortReport> reports;
  for (const system::PortState& state : states) {
    rpc::PortReport report{state.name, "", {}, "", "", state.state, state.text};
    if (state.now) {
      report.device = state.now->device;
      report.mtu = state.now->mtu;
      report.from = state.now->configured ? kConfiguration : kBoard;
    }
    if (state.setting) report.configured = in_words(*state.setting);
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace yoke
