// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

// The command line of yoke-mgmt. Threads: main's.
namespace yoke {

struct Options {
  std::filesystem::path root = "/";
  std::string unit;  // empty: the board file's, or the host's
};

// Nothing: the process has said what was asked and ends with `status`.
[[nodiscard]] std::optional<Options> read_options(int argc, char** argv, int& status);

}  // namespace yoke
