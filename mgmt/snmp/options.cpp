// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/options.h"

#include "hal/base/command_line.h"

namespace yoke::snmp {

namespace po = boost::program_options;

std::optional<Options> read_options(int argc, char** argv, int& status) {
  const Daemon daemon{.name = "yoke-snmp",
                      .what = "what a Yoke unit tells, for snmpd",
                      .root = "folder below which run/yoke is",
                      .version = YOKE_VERSION};
  po::options_description own;
  own.add_options()("agentx", po::value<std::string>()->default_value("/var/agentx/master"),
                    "where snmpd takes subagents: agentXSocket of its configuration");
  const auto given = read_command_line(daemon, own, argc, argv, status);
  if (!given) return std::nullopt;
  Options options{(*given)["root"].as<std::string>(), (*given)["agentx"].as<std::string>()};
  if (!options.agentx.empty()) return options;
  status = refuse_command_line(daemon, "--agentx needs an address");
  return std::nullopt;
}

}  // namespace yoke::snmp
