// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "hal/inspect/board_command.h"

int main(int argc, char** argv) {
  return yoke::hal::run_board_command({argv + 1, argv + argc}, std::cout, std::cerr);
}
