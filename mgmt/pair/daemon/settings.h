// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/result.h"
#include "mgmt/pair/election.h"
#include "mgmt/pair/timers.h"

// What the management plane tells yoke-pair: one JSON document, var/lib/yoke/pair.json.
//
// {"version": 1, "profile": "default", "policy": "availability",
//  "dedicated": {"interface": "ha0"},
//  "data": {"interface": "wan", "links": ["eth0"]},
//  "data_plane": true, "watchdog": "",
//  "groups": [{"name": "", "vrid": 1, "priority": 100, "preempt": false, "last_man": false,
//              "mac": "own", "vips": ["192.0.2.1", "2001:db8::1"]}]}
//
// `name` is the group's of the data plane's configuration; "" is that of the VIPs in no group.
// What is left out has the default above (no VIPs, `links`: the interface). Unknown keys are
// ignored; a document of a later version is taken where its "oldest" is not later than this one.
// Threads: values, any.
namespace yoke::pair {

struct GroupSettings {
  std::string name;
  Group vrid = 1;
  std::uint8_t priority = 100;
  bool preempt = false;
  bool last_man = false;
  // VIPs are announced with the group's virtual MAC, else with the port's own, which is the one
  // that the data plane answers with so far.
  bool virtual_mac = false;
  std::vector<net::IpAddress> vips;
  friend bool operator==(const GroupSettings&, const GroupSettings&) = default;
};

struct Settings {
  static constexpr int kVersion = 1;

  std::string profile = "default";
  Policy policy = Policy::kAvailability;
  std::string dedicated;           // interface
  std::string data;                // the kernel's twin of a data port
  std::vector<std::string> links;  // all of these must have a link for the data port to have one
  std::string watchdog;            // its device; empty: none
  bool data_plane = true;          // a unit whose data plane does not answer is not eligible
  std::vector<GroupSettings> groups;
  friend bool operator==(const Settings&, const Settings&) = default;

  [[nodiscard]] Timers timers() const { return pair::profile(profile).value_or(Timers{}); }
};

// E-720 with what is wrong and where.
[[nodiscard]] Result<Settings> decode_settings(const nlohmann::json& document);
[[nodiscard]] nlohmann::json encode(const Settings& settings);

// Nothing: the file is not there. E-720, E-722.
[[nodiscard]] Result<std::optional<Settings>> read_settings(const std::filesystem::path& path);
// Whole in its place, on the disk, or as it was before. E-722.
[[nodiscard]] Status store_settings(const std::filesystem::path& path, const Settings& settings);

}  // namespace yoke::pair
