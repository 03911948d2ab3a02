// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can go wrong with a backup besides the store's own (E-501 to E-513) and a
// place that is none (E-515, mgmt/model/place.h). Threads: constant data, any.
namespace yoke::backup {

inline constexpr std::string_view kUnderWay = "E-514";  // one at a time
inline constexpr std::string_view kNotSent = "E-516";   // the other side, or the way to it, failed
inline constexpr std::string_view kNoRoom = "E-517";    // not beside what commits need

}  // namespace yoke::backup
