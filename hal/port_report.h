// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/port_map.h"

// What yoke-dataplane made of its board file and port map as it started: a file below run/yoke, in
// the board file's form, for yoke-mgmt to tell people by. Threads: values, any.
namespace yoke::hal {

struct PortInUse {
  std::string name, device;
  std::uint16_t mtu = 0;
  bool configured = false;  // as the port map says; else as the board file does
  friend bool operator==(const PortInUse&, const PortInUse&) = default;
};

struct PortReport {
  PortMap asked;  // the port map that was read, had or not
  std::vector<PortInUse> ports;
  std::vector<PortTrouble> troubles;
  friend bool operator==(const PortReport&, const PortReport&) = default;
};

[[nodiscard]] PortReport report_of(const MappedBoard& mapped, const PortMap& asked);

[[nodiscard]] std::string to_text(const PortReport& report);
// E-348, E-349 as read_port_map(); what makes no sense otherwise is left out.
[[nodiscard]] Result<PortReport> read_port_report(std::string_view text, const std::string& path);

}  // namespace yoke::hal
