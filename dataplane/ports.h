// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "hal/port_map.h"
#include "hal/port_report.h"

// The ports that yoke-dataplane starts with: its board file's, and over them those of the
// configuration as it was committed last. Threads: main's, before any other.
namespace yoke {

struct PortFiles {
  std::filesystem::path board;
  std::filesystem::path map;     // of yoke-mgmt; need not be there
  std::filesystem::path report;  // for yoke-mgmt
};

struct Ports {
  hal::MappedBoard mapped;
  hal::PortMap asked;
};

// `unusable` says why the map is not to count this time; empty: it counts. Whatever is wrong with
// the map is among the troubles; what is wrong with the board file, as far as its ports are in use,
// is the error. Devices of the map that are not there are waited for in the first minute of the
// machine, when drivers and interfaces may yet come.
[[nodiscard]] tl::expected<Ports, std::vector<Error>> read_ports(const PortFiles& files,
                                                                 const std::string& unusable);

// Writes the report and tells the journal. Nobody to tell is no reason not to start.
void tell_of_ports(const PortFiles& files, const Ports& ports);

}  // namespace yoke
