// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Stable codes of what becomes of questions to yoke-pair. Threads: constant data, any.
namespace yoke::pair {

inline constexpr std::string_view kNoPairProcess = "E-471";

}  // namespace yoke::pair
