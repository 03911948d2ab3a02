// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace yoke::pair {

// The command line of yoke-pair. Threads: main's.
struct Options {
  std::filesystem::path root;
  std::filesystem::path make_keys;  // a folder: make two key files there and end; or empty
};

// Nothing: it ends with `status`.
[[nodiscard]] std::optional<Options> read_options(int argc, char** argv, int& status);

}  // namespace yoke::pair
