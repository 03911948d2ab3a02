// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can go wrong on the way to a log server. Threads: constant data, any.
namespace yoke::syslog {

inline constexpr std::string_view kNotConnected = "E-630";
inline constexpr std::string_view kBadTrust = "E-631";

}  // namespace yoke::syslog
