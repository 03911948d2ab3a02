// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what control refuses. The codec has checked form already (dataplane/api/errors.h);
// these are about meaning. Threads: constant data, any.
namespace yoke::control {

inline constexpr std::string_view kTooMany = "E-330";      // beyond a bound of limits.h
inline constexpr std::string_view kTwice = "E-331";        // a name, address or server given twice
inline constexpr std::string_view kNoSuchPool = "E-332";   // a VIP names a pool that is not there
inline constexpr std::string_view kMixedFamily = "E-333";  // IPv4 and IPv6 in one service
inline constexpr std::string_view kUnusable = "E-334";     // no packet can be sent to the address
inline constexpr std::string_view kOwnAddress =
    "E-335";                                             // the unit's own, which the kernel answers
inline constexpr std::string_view kDsrPort = "E-336";    // dsr cannot change ports or sources
inline constexpr std::string_view kNotStaged = "E-337";  // nothing, or something else, is staged
inline constexpr std::string_view kUnknownServer = "E-338";  // neither running nor staged
inline constexpr std::string_view kSecondInstance =
    "E-339";                                                 // another yoke-dataplane has this root
inline constexpr std::string_view kRuntimeFolder = "E-340";  // run/yoke cannot be made or written
inline constexpr std::string_view kNoSuchList = "E-342";     // a VIP names a list that is not there
inline constexpr std::string_view kNoSuchGroup = "E-343";  // a VIP names a group that is not there
inline constexpr std::string_view kTwoGroups = "E-344";    // one address in two groups
inline constexpr std::string_view kGroupsNotTold = "E-345";  // by a release that knows none
inline constexpr std::string_view kSameIdentity = "E-346";   // two names that one line would be for
inline constexpr std::string_view kNetlink = "E-341";        // the kernel refuses to tell or to set

}  // namespace yoke::control
