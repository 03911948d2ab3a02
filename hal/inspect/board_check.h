// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hal/board.h"
#include "hal/platform.h"

// What of a board file is true of the machine that it is read on. Threads: any.
namespace yoke::hal {

struct Finding {
  int line = 0;          // of the file
  std::string what;      // "[port.wan] device = pci:0000:03:00.0"
  std::string expected;  // empty: it is so
  std::string found;     // what is there; may be empty where it is so
  [[nodiscard]] bool differs() const { return !expected.empty(); }
};

// Of everything in the file that a look at the machine can tell, in the file's order.
[[nodiscard]] std::vector<Finding> check_board(const Board& board, const Platform& machine);

}  // namespace yoke::hal
