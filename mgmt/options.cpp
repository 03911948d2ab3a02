// SPDX-License-Identifier: Apache-2.0
#include "mgmt/options.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

namespace yoke {
namespace {

namespace po = boost::program_options;

constexpr int kUsage = 2;

}  // namespace

std::optional<Options> read_options(int argc, char** argv, int& status) {
  po::options_description known("yoke-mgmt: the management plane of a Yoke unit");
  known.add_options()("root", po::value<std::string>()->default_value("/"),
                      "folder below which etc/yoke, var/lib/yoke and run/yoke are")(
      "unit", po::value<std::string>()->default_value(""),
      "name of this unit; default: the board file's, or the host's")(
      "version", "print the version and end")("help", "print this and end");
  po::variables_map given;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(known)
                  .positional(po::positional_options_description())
                  .run(),
              given);
  } catch (const po::error& error) {
    (void)std::fprintf(stderr, "yoke-mgmt: %s; see --help [E-112]\n", error.what());
    status = kUsage;
    return std::nullopt;
  }
  status = 0;
  if (given.count("help") != 0) {
    std::cout << known;
    return std::nullopt;
  }
  if (given.count("version") != 0) {
    fmt::print("yoke-mgmt {}\n", YOKE_VERSION);
    return std::nullopt;
  }
  return Options{given["root"].as<std::string>(), given["unit"].as<std::string>()};
}

}  // namespace yoke
