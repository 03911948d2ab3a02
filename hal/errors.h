// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what is wrong with a board file, a device, a port map or the machine. Threads:
// constant data, any.
namespace yoke::hal::error {

inline constexpr std::string_view kBoardFile = "E-315";     // is not there, or cannot be read
inline constexpr std::string_view kBoardSyntax = "E-316";   // a line that is none of the form's
inline constexpr std::string_view kBoardKey = "E-317";      // a section or key that there is not
inline constexpr std::string_view kBoardValue = "E-318";    // a value that its key does not take
inline constexpr std::string_view kBoardMissing = "E-319";  // something that must be there
inline constexpr std::string_view kDevice = "E-322";        // `device` of a port makes no sense
inline constexpr std::string_view kDeviceTaken = "E-324";   // another port has it
inline constexpr std::string_view kPortMap = "E-348";       // a port map that makes no sense
inline constexpr std::string_view kNewPortMap = "E-349";    // one of a newer release
inline constexpr std::string_view kPlatform = "E-390";      // what the machine does not give or do
inline constexpr std::string_view kHardwareReport = "E-391";  // senseless, or of a newer release

}  // namespace yoke::hal::error
