// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/options.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

namespace yoke::snmp {
namespace {

namespace po = boost::program_options;

constexpr int kUsage = 2;

int refuse(const std::string& why) {
  (void)std::fprintf(stderr, "yoke-snmp: %s; see --help [E-112]\n", why.c_str());
  return kUsage;
}

}  // namespace

std::optional<Options> read_options(int argc, char** argv, int& status) {
  po::options_description known("yoke-snmp: what a Yoke unit tells, for snmpd");
  known.add_options()("root", po::value<std::string>()->default_value("/"),
                      "folder below which run/yoke is")(
      "agentx", po::value<std::string>()->default_value("/var/agentx/master"),
      "where snmpd takes subagents: agentXSocket of its configuration")(
      "version", "print the version and end")("help", "print this and end");
  po::variables_map given;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(known)
                  .positional(po::positional_options_description())
                  .run(),
              given);
  } catch (const po::error& error) {
    status = refuse(error.what());
    return std::nullopt;
  }
  status = 0;
  if (given.count("help") != 0) {
    std::cout << known;
    return std::nullopt;
  }
  if (given.count("version") != 0) {
    fmt::print("yoke-snmp {}\n", YOKE_VERSION);
    return std::nullopt;
  }
  Options options{given["root"].as<std::string>(), given["agentx"].as<std::string>()};
  if (options.agentx.empty()) {
    status = refuse("--agentx needs an address");
    return std::nullopt;
  }
  return options;
}

}  // namespace yoke::snmp
