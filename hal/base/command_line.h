// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>

// What the command lines of all daemons have in common: --root, --version, --help, nothing but
// options, and how a mistake is told. Threads: main's.
namespace yoke {

struct Daemon {
  std::string name;  // "yoke-mgmt"
  std::string what;  // "the management plane of a Yoke unit"
  std::string root;  // "folder below which etc/yoke and run/yoke are"
  std::string version;
};

inline constexpr int kUsageStatus = 2;

// `own` are the options that this daemon has beside those. Nothing: the process has said what was
// asked, or what is wrong (E-112), and ends with `status`.
[[nodiscard]] std::optional<boost::program_options::variables_map> read_command_line(
    const Daemon& daemon, const boost::program_options::options_description& own, int argc,
    const char* const* argv, int& status);

// Tells what is wrong with the command line; the status to end with.
[[nodiscard]] int refuse_command_line(const Daemon& daemon, const std::string& why);

}  // namespace yoke
