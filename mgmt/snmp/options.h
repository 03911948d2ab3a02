// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

// The command line of yoke-snmp. Threads: main's.
namespace yoke::snmp {

struct Options {
  std::filesystem::path root = "/";
  std::string agentx;  // snmpd's, as Net-SNMP writes addresses: "/var/agentx/master"
};

// Nothing: the process has said what was asked and ends with `status`.
[[nodiscard]] std::optional<Options> read_options(int argc, char** argv, int& status);

}  // namespace yoke::snmp
