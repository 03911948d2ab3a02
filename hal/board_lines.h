// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <string>
#include <vector>

// The form of a board file, before anything in it means something. Threads: pure.
namespace yoke::hal {

struct BoardLine {
  enum class Kind { kSection, kEntry, kWrong };
  Kind kind = Kind::kWrong;
  int number = 0;          // from 1
  std::string section;     // of kSection: its name
  std::string key, value;  // of kEntry
  std::string problem;     // of kWrong: what was expected
};

// Lines that say something: comments and empty ones are left out.
[[nodiscard]] std::vector<BoardLine> read_board_lines(std::istream& file);

}  // namespace yoke::hal
