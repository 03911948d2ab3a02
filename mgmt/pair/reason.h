// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mgmt/pair/messages.h"

// Why a unit changed its role, refused a request or raised an alarm, as kept in the history that
// `show ha history` prints. Every transition has one. Numbers are stored and sent (Resign): one
// that is given is never given to anything else. Threads: constant data, any.
namespace yoke::pair {

enum class Reason : std::uint8_t {
  kNone = 0,
  kStarted = 1,
  kPeerHolds = 2,
  kHoldOver = 3,
  kPeerFound = 4,
  kInSync = 5,
  kNotInSync = 6,
  kPeerSilent = 7,
  kPeerResigned = 8,
  kNobodyHolds = 9,
  kGranted = 10,
  kNoAnswer = 11,
  kPeerUnable = 12,
  kProbeAnswered = 13,
  kOutranked = 14,
  kForeignClaim = 15,
  kStalled = 16,
  kNoGrant = 17,
  kPeerAcks = 18,
  kLeaseLapsed = 19,
  kHigherEpoch = 20,
  kDataLinkDown = 21,
  kTrackingFailed = 22,
  kTrackingWell = 23,
  kMaintenance = 24,
  kResumed = 25,
  kHandoffAsked = 26,
  kPeerHealthier = 27,
  kPreempted = 28,
  kHandoffOffered = 29,
  kHandedOver = 30,
  kTakenOver = 31,
  kHandoffAborted = 32,
  kHandoffTimeout = 33,
  kFlapping = 34,
  kFlapOver = 35,
  kDuplicateUnit = 36,
  kEpochRaised = 37,
  kPeerNotReady = 38,
  kNotActive = 39,
  kVersionSkew = 40,
  kPeerRestarted = 41,
  kShutdown = 42,
  kTimersDiffer = 43,
  kGroupRemoved = 44,
  kDataCutOff = 45,
};

struct ReasonMeaning {
  Reason reason;
  std::string_view code;  // stable, for scripts
  std::string_view text;
};

inline constexpr std::array kReasons{
    ReasonMeaning{Reason::kNone, "none", "no reason"},
    ReasonMeaning{Reason::kStarted, "started", "the process has started"},
    ReasonMeaning{Reason::kPeerHolds, "peer-holds", "the peer holds the group"},
    ReasonMeaning{Reason::kHoldOver, "hold-over", "nobody showed up within the hold at start"},
    ReasonMeaning{Reason::kPeerFound, "peer-found",
                  "the peer is there and does not hold the group"},
    ReasonMeaning{Reason::kInSync, "in-sync", "flows and configuration are in sync"},
    ReasonMeaning{Reason::kNotInSync, "not-in-sync", "flows or configuration are not in sync"},
    ReasonMeaning{Reason::kPeerSilent, "peer-silent", "the peer is silent on every channel"},
    ReasonMeaning{Reason::kPeerResigned, "peer-resigned", "the peer has let go of the group"},
    ReasonMeaning{Reason::kNobodyHolds, "nobody-holds", "neither unit holds the group"},
    ReasonMeaning{Reason::kGranted, "granted", "the peer agreed"},
    ReasonMeaning{Reason::kNoAnswer, "no-answer", "the peer is silent and no probe was answered"},
    ReasonMeaning{Reason::kPeerUnable, "peer-unable",
                  "the peer says that it cannot hold the group"},
    ReasonMeaning{Reason::kProbeAnswered, "probe-answered", "somebody answers for the VIPs"},
    ReasonMeaning{Reason::kOutranked, "outranked",
                  "the peer is a candidate as well, and the better"},
    ReasonMeaning{Reason::kForeignClaim, "foreign-claim", "a foreign device answers for the VIPs"},
    ReasonMeaning{Reason::kStalled, "stalled", "this unit stood still and knows too little"},
    ReasonMeaning{Reason::kNoGrant, "no-grant", "the peer is there and does not agree"},
    ReasonMeaning{Reason::kPeerAcks, "peer-acks", "the peer acknowledges again"},
    ReasonMeaning{Reason::kLeaseLapsed, "lease-lapsed", "the lease was not renewed in time"},
    ReasonMeaning{Reason::kHigherEpoch, "higher-epoch", "the peer holds a higher epoch"},
    ReasonMeaning{Reason::kDataLinkDown, "data-link-down", "the data link is down"},
    ReasonMeaning{Reason::kTrackingFailed, "tracking-failed", "something tracked does not work"},
    ReasonMeaning{Reason::kTrackingWell, "tracking-well", "everything tracked works again"},
    ReasonMeaning{Reason::kMaintenance, "maintenance", "put into maintenance"},
    ReasonMeaning{Reason::kResumed, "resumed", "taken out of maintenance"},
    ReasonMeaning{Reason::kHandoffAsked, "handoff-asked", "a person asked for a switchover"},
    ReasonMeaning{Reason::kPeerHealthier, "peer-healthier", "the peer has been healthier for long"},
    ReasonMeaning{Reason::kPreempted, "preempted", "the peer has the higher priority"},
    ReasonMeaning{Reason::kHandoffOffered, "handoff-offered", "the peer offers the group"},
    ReasonMeaning{Reason::kHandedOver, "handed-over", "the group was given to the peer"},
    ReasonMeaning{Reason::kTakenOver, "taken-over", "the peer gave the group"},
    ReasonMeaning{Reason::kHandoffAborted, "handoff-aborted", "the switchover was called off"},
    ReasonMeaning{Reason::kHandoffTimeout, "handoff-timeout", "a step of it took too long"},
    ReasonMeaning{Reason::kFlapping, "flapping", "the group was lost too often"},
    ReasonMeaning{Reason::kFlapOver, "flap-over", "it has been quiet for long enough"},
    ReasonMeaning{Reason::kDuplicateUnit, "duplicate-unit", "the peer says it is this very unit"},
    ReasonMeaning{Reason::kEpochRaised, "epoch-raised", "the peer has seen a higher epoch"},
    ReasonMeaning{Reason::kPeerNotReady, "peer-not-ready", "the peer could not take the group"},
    ReasonMeaning{Reason::kNotActive, "not-active", "this unit does not hold the group"},
    ReasonMeaning{Reason::kVersionSkew, "version-skew", "the units speak no common version"},
    ReasonMeaning{Reason::kPeerRestarted, "peer-restarted", "the peer has restarted meanwhile"},
    ReasonMeaning{Reason::kShutdown, "shutdown", "this unit is being stopped"},
    ReasonMeaning{Reason::kTimersDiffer, "timers-differ",
                  "the units have different timers: give both the same profile"},
    ReasonMeaning{Reason::kGroupRemoved, "group-removed",
                  "the group was taken away from this unit"},
    ReasonMeaning{Reason::kDataCutOff, "data-cut-off",
                  "the data network carries this unit's frames in one direction at most"},
};

namespace detail {
constexpr bool reasons_in_order() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(reasons_in_order());
}  // namespace detail

[[nodiscard]] constexpr const ReasonMeaning& meaning(Reason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return kReasons[index < kReasons.size() ? index : 0];  // a newer peer's reason is not known here
}

inline constexpr std::array<std::string_view, kRoles> kRoleNames{
    "INIT",  "LISTEN",      "SYNCING",    "STANDBY",     "CANDIDATE",    "ACTIVE",
    "ALONE", "HANDOFF_OUT", "HANDOFF_IN", "MAINTENANCE", "NOT_ELIGIBLE", "HELD"};

[[nodiscard]] constexpr std::string_view name(Role role) noexcept {
  return kRoleNames[static_cast<std::size_t>(role)];
}

// Roles in which a unit holds the lease.
[[nodiscard]] constexpr bool is_holder(Role role) noexcept {
  return role == Role::kActive || role == Role::kAlone || role == Role::kHandoffOut;
}

// What stays wrong until it is said to be right again.
enum class Alarm : std::uint8_t {
  kJeopardy,       // one heartbeat path left
  kPeerSilent,     // none
  kOneWay,         // a path carries one direction only
  kDuplicateUnit,  // both say they are the same unit
  kVersionSkew,    // no common version of the protocol
  kForeignClaim,   // somebody else answers for the VIPs
  kHeld,           // flapping
  kEpochShort,     // no epoch reserved on disk: this unit cannot take over
  kTimersDiffer,   // the units wait for each other by the slower one's timers
};
inline constexpr std::size_t kAlarms = 9;
inline constexpr std::array<std::string_view, kAlarms> kAlarmNames{
    "jeopardy",      "peer-silent", "one-way",     "duplicate-unit", "version-skew",
    "foreign-claim", "held",        "epoch-short", "timers-differ"};

}  // namespace yoke::pair
