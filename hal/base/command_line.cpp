// SPDX-License-Identifier: Apache-2.0
#include "hal/base/command_line.h"

#include <cstdio>
#include <iostream>

namespace yoke {

namespace po = boost::program_options;

std::optional<po::variables_map> read_command_line(const Daemon& daemon,
                                                   const po::options_description& own, int argc,
                                                   const char* const* argv, int& status) {
  po::options_description known(daemon.name + ": " + daemon.what);
  known.add_options()("root", po::value<std::string>()->default_value("/"), daemon.root.c_str());
  for (const auto& option : own.options()) known.add(option);
  known.add_options()("version", "print the version and end")("help", "print this and end");
  po::variables_map given;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(known)
                  .positional(po::positional_options_description())
                  .run(),
              given);
  } catch (const po::error& error) {
    status = refuse_command_line(daemon, error.what());
    return std::nullopt;
  }
  status = 0;
  if (given.count("help") != 0) {
    std::cout << known;
    return std::nullopt;
  }
  if (given.count("version") != 0) {
    std::cout << daemon.name << ' ' << daemon.version << '\n';
    return std::nullopt;
  }
  return given;
}

int refuse_command_line(const Daemon& daemon, const std::string& why) {
  (void)std::fprintf(stderr, "%s: %s; see --help [E-112]\n", daemon.name.c_str(), why.c_str());
  return kUsageStatus;
}

}  // namespace yoke
