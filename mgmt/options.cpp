// SPDX-License-Identifier: Apache-2.0
#include "mgmt/options.h"

#include "hal/base/command_line.h"

namespace yoke {

namespace po = boost::program_options;

std::optional<Options> read_options(int argc, char** argv, int& status) {
  const Daemon daemon{.name = "yoke-mgmt",
                      .what = "the management plane of a Yoke unit",
                      .root = "folder below which etc/yoke, var/lib/yoke and run/yoke are",
                      .version = YOKE_VERSION};
  po::options_description own;
  own.add_options()("unit", po::value<std::string>()->default_value(""),
                    "name of this unit; default: the board file's, or the host's");
  const auto given = read_command_line(daemon, own, argc, argv, status);
  if (!given) return std::nullopt;
  return Options{(*given)["root"].as<std::string>(), (*given)["unit"].as<std::string>()};
}

}  // namespace yoke
