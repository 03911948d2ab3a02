// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "hal/board.h"
#include "hal/board_lines.h"
#include "hal/board_value.h"

// The sections of a board file that say what the hardware is. Threads: pure.
namespace yoke::hal {

using BoardRead = Problem (*)(Board&, const BoardLine&);
using BoardReaders = std::map<std::string_view, BoardRead>;

// Of the section called so, what reads each key; null where it is none of these.
[[nodiscard]] const BoardReaders* hardware_readers(std::string_view section);
// Where the section is one of several, "sensor.cpu", another is begun; a name that it cannot have.
[[nodiscard]] Problem begin_hardware(Board& board, const BoardLine& line);

// Told of each mistake that no single line shows: its line, one of errors.h, and what is wrong.
using BoardNote = std::function<void(int line, std::string_view id, const std::string& text)>;
void check_hardware(const Board& board, const BoardNote& note);

}  // namespace yoke::hal
