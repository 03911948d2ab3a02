// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what is wrong with a board file. Threads: constant data, any.
namespace yoke::hal::error {

inline constexpr std::string_view kBoardFile = "E-315";     // is not there, or cannot be read
inline constexpr std::string_view kBoardSyntax = "E-316";   // a line that is none of the form's
inline constexpr std::string_view kBoardKey = "E-317";      // a section or key that there is not
inline constexpr std::string_view kBoardValue = "E-318";    // a value that its key does not take
inline constexpr std::string_view kBoardMissing = "E-319";  // something that must be there

}  // namespace yoke::hal::error
