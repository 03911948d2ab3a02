// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

// `yoke-board`: what is typed, and what comes of it. Threads: main's.
namespace yoke::hal {

// What the program ends with.
inline constexpr int kAllTrue = 0, kDiffers = 1, kUnusable = 2;

// `words` without the program's own name.
[[nodiscard]] int run_board_command(const std::vector<std::string>& words, std::ostream& out,
                                    std::ostream& err);

}  // namespace yoke::hal
