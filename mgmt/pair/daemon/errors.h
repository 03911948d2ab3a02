// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can be wrong with the process yoke-pair, its files and what it is asked.
// Threads: constant data, any.
namespace yoke::pair {

inline constexpr std::string_view kBadSettings = "E-720";  // pair.json, or what `configure` brings
inline constexpr std::string_view kBadKey = "E-721";       // pair.key
inline constexpr std::string_view kNoDisk = "E-722";       // a file cannot be written
inline constexpr std::string_view kNoLeasePage = "E-724";  // the lease page cannot be had
inline constexpr std::string_view kSecondProcess = "E-725";  // another yoke-pair has this root
inline constexpr std::string_view kNotPaired = "E-726";      // no settings, or no key, yet
inline constexpr std::string_view kNoGroup = "E-727";        // no such VIP group
inline constexpr std::string_view kRefusedNow =
    "E-728";                                        // the election refuses; the reason is told
inline constexpr std::string_view kBusy = "E-729";  // too many orders at once
inline constexpr std::string_view kNoWatchdog = "E-730";  // the watchdog cannot be had

// Of pairing.
inline constexpr std::string_view kAlreadyPaired = "E-740";  // there is a key
inline constexpr std::string_view kBadAddress = "E-741";     // of the other unit
inline constexpr std::string_view kTryUnderWay = "E-742";    // another one
inline constexpr std::string_view kNoTry = "E-743";          // nothing to confirm or reject
inline constexpr std::string_view kWrongCode = "E-744";      // not the one that is shown here
inline constexpr std::string_view kNeedsForce = "E-745";     // it would end a working pair
inline constexpr std::string_view kTryFailed = "E-746";      // the reason is told
inline constexpr std::string_view kCannotListen = "E-747";   // the port cannot be had

// Of another key for a pair.
inline constexpr std::string_view kNothingToRotate = "E-748";  // the unit is not paired
inline constexpr std::string_view kPeerNotHeard = "E-749";     // nobody to agree with
inline constexpr std::string_view kRotationGoesOn = "E-750";   // one is not over

}  // namespace yoke::pair
