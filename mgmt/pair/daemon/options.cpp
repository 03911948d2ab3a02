// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/options.h"

#include <string>

#include "hal/base/command_line.h"

namespace yoke::pair {

namespace po = boost::program_options;

std::optional<Options> read_options(int argc, char** argv, int& status) {
  const Daemon daemon{.name = "yoke-pair",
                      .what = "which of two Yoke units answers for their VIPs",
                      .root = "folder below which var/lib/yoke and run/yoke are",
                      .version = YOKE_VERSION};
  po::options_description own;
  own.add_options()("make-keys", po::value<std::string>(),
                    "make a fresh key for two units, FOLDER/a/pair.key and FOLDER/b/pair.key, "
                    "and end");
  const auto given = read_command_line(daemon, own, argc, argv, status);
  if (!given) return std::nullopt;
  Options options{(*given)["root"].as<std::string>(), {}};
  if (given->count("make-keys") == 0) return options;
  options.make_keys = (*given)["make-keys"].as<std::string>();
  if (!options.make_keys.empty()) return options;
  status = refuse_command_line(daemon, "--make-keys needs a folder");
  return std::nullopt;
}

}  // namespace yoke::pair
