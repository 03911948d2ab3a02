// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"

// The words behind `yoke` on a shell's command line. Threads: values, any.
namespace yoke::cli {

struct Options {
  std::string root;                   // --root
  std::vector<std::string> commands;  // -c, in order
  std::vector<std::string> words;     // one command: `show pool web`
  std::string note;                   // --note, of apply
  std::string confirm;                // --confirm, of apply: a time that was read and is in order
  bool json = false;
  bool dry_run = false;
  bool help = false;
  bool version = false;
};

// E-112 for options that are unknown, lack their value or do not go together.
[[nodiscard]] Result<Options> read_options(const std::vector<std::string>& arguments);

// What --help prints: examples first.
[[nodiscard]] std::string usage();

}  // namespace yoke::cli
