// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can go wrong on the way to whoever is told. Threads: constant data, any.
namespace yoke::notify {

inline constexpr std::string_view kNotTold = "E-640";
// The same news would be refused again: too much of it, or something in it.
inline constexpr std::string_view kRefusedForGood = "E-641";

}  // namespace yoke::notify
