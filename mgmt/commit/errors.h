// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can go wrong with a commit, besides the store's (E-5xx) and the data plane's
// own (E-3xx), which are passed on. Threads: constant data, any.
namespace yoke::commit {

inline constexpr std::string_view kRulesViolated = "E-450";   // the violations come with it
inline constexpr std::string_view kNotReachable = "E-451";    // nobody answers as data plane
inline constexpr std::string_view kNotAsCommitted = "E-452";  // it built something else
inline constexpr std::string_view kNotActivated = "E-453";    // staged, not activated; undone
inline constexpr std::string_view kNotUndone = "E-454";       // the same, and the store failed too
inline constexpr std::string_view kWaits = "E-455";         // another commit waits to be confirmed
inline constexpr std::string_view kNothingWaits = "E-456";  // no commit waits to be confirmed

inline constexpr std::string_view kScheduled = "E-457";        // another commit is scheduled
inline constexpr std::string_view kNotScheduled = "E-458";     // none is
inline constexpr std::string_view kMissed = "E-459";           // the scheduled commit was not made
inline constexpr std::string_view kUnderWay = "E-460";         // another commit is being made
inline constexpr std::string_view kUnknownRevision = "E-461";  // it runs what the store never had
inline constexpr std::string_view kNotStoredYet = "E-462";     // undone, and not in the store yet

// Of two units.
inline constexpr std::string_view kOtherWrites = "E-472";     // commits are made on the other
inline constexpr std::string_view kCatchingUp = "E-473";      // it has what this one has not yet
inline constexpr std::string_view kNoStandby = "E-474";       // ... and is asked for
inline constexpr std::string_view kMaybeCommitted = "E-475";  // not here; the other may have it
inline constexpr std::string_view kOwnOnStandby = "E-476";    // of the unit that stands by, alone

}  // namespace yoke::commit
