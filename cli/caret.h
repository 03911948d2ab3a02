// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

// How an error is told. Threads: any.
namespace yoke::cli {

inline constexpr std::size_t kWidth = 80;  // a serial console's
// Of what no person looks at as it comes: a file, a pipe.
inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

// "E-101 unknown word 'pol': did you mean pool?"
[[nodiscard]] std::string sentence(const Error& error);

// The line, a caret below the column, and the sentence: beside the caret where there is room, below
// it where there is not. Without a column: the sentence alone. A line too long for the terminal is
// cut to the part around the caret.
[[nodiscard]] std::vector<std::string> caret_lines(std::string_view line, const Error& error);

// The same where the line stands on the screen already, `indent` columns from the left.
[[nodiscard]] std::vector<std::string> caret_lines_below(std::string_view line, const Error& error,
                                                         std::size_t indent);

}  // namespace yoke::cli
