// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

// What two units tell each other about one VIP group, as plain values. How it is laid out and
// sealed is mgmt/pair/wire; who sent it (Sender) is what the seal proves and no part of a message.
//
// Numbers of enumerators are on the wire: one that is given is never given to anything else. A
// receiver gets an enumerator it does not know only through a newer peer: the decoder refuses that
// message, not the frame.
// Threads: values, any.
namespace yoke::pair {

// The two places of a pair, given at pairing.
enum class Unit : std::uint8_t { kA = 0, kB = 1 };

// Who a frame is from, proven by its seal. `boot` is drawn anew whenever the process starts.
struct Sender {
  Unit unit = Unit::kA;
  std::uint64_t boot = 0;

  friend bool operator==(const Sender&, const Sender&) = default;
};

// Ownership of a group is numbered. Every claim mints a greater epoch than anyone has seen; the
// lowest bit is the claimer's Unit, so that two claims never share one. 0: none yet.
using Epoch = std::uint64_t;
using Group = std::uint8_t;  // number of a VIP group, its VRID

// The sender's own monotonic clock in ns. Means something to that sender alone, who gets it back as
// an echo; never compare it with the time here.
enum class Stamp : std::int64_t {};

// Paths on which heartbeats travel. (VRRP adverts are evidence, not a path: they carry no seal.)
enum class Channel : std::uint8_t { kDedicated = 0, kData = 1, kManagement = 2 };
inline constexpr std::size_t kChannels = 3;

enum class Role : std::uint8_t {
  kInit = 0,          // not started
  kListen = 1,        // waits at boot for whoever else is there
  kSyncing = 2,       // lacks flows or configuration of the active unit
  kStandby = 3,       // could take over at once
  kCandidate = 4,     // asks whether it may claim
  kActive = 5,        // holds the lease, the peer agrees
  kAlone = 6,         // holds the lease, the peer is silent
  kHandoffOut = 7,    // gives the group away; still holds the lease until it says Go
  kHandoffIn = 8,     // is about to be given the group
  kMaintenance = 9,   // put aside by a person; survives reboots
  kNotEligible = 10,  // its data link, data plane or something tracked does not work
  kHeld = 11,         // changed too often: claims only if nobody else can
};
inline constexpr std::size_t kRoles = 12;

// How far a unit's configuration is: the higher one is newer (compare epoch, then revision).
struct ConfigPosition {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t hash = 0;  // of the chain of changes up to there; tells apart equal numbers

  friend bool operator==(const ConfigPosition&, const ConfigPosition&) = default;
};

// By what two units that both could are told apart. Sent with everything that may collide, so that
// both compare the same values.
struct Rank {
  bool eligible = false;      // everything tracked that must work does
  bool ready = false;         // in sync: flows and configuration
  std::uint8_t health = 0;    // 0..255, what is tracked with a weight; more is better
  std::uint8_t priority = 0;  // as configured
  ConfigPosition config;

  friend bool operator==(const Rank&, const Rank&) = default;
};

// Heartbeat::others_ago: nobody since the start, or not told.
inline constexpr std::uint32_t kNobodyHeard = 0xffffffff;

// Sent every `heartbeat` on every channel in use, one a group. The same `seq` on each channel.
struct Heartbeat {
  Group group = 0;
  Role role = Role::kInit;
  // kActive, kAlone, kHandoffOut: the epoch held. kCandidate: the one it would claim with. Else:
  // the highest one seen.
  Epoch epoch = 0;
  std::uint64_t seq = 0;  // from 1 at every boot
  Stamp sent{};
  // The newest `seq` of the receiver that the sender has heard, by channel; 0: none. A channel
  // whose number stands still hears nothing: this is how one-way cuts are seen.
  std::array<std::uint64_t, kChannels> heard{};
  Rank rank;
  std::uint32_t flow_lag = 0;     // flow records sent and not acknowledged yet
  std::uint16_t version_min = 1;  // of this protocol, that the sender understands
  std::uint16_t version_max = 1;
  // The sender's own pace, in us; 0: of a release that does not tell it, so as the receiver's.
  std::uint32_t pace = 0;   // between two heartbeats
  std::uint32_t lease = 0;  // what it takes from an Ack
  std::uint32_t dead = 0;   // what it waits, and wants to be waited for
  // How long ago the sender heard anybody but the receiver on the data network, in ms.
  std::uint32_t others_ago = kNobodyHeard;

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// "I have heard that heartbeat (of a holder, or of a candidate) and will not claim for `dead` from
// now." Sent on every channel by who neither holds nor is a candidate.
struct Ack {
  Group group = 0;
  Epoch epoch = 0;
  Stamp echo{};  // Heartbeat::sent

  friend bool operator==(const Ack&, const Ack&) = default;
};

// "I no longer hold `epoch`, and never will again."
struct Resign {
  Group group = 0;
  Epoch epoch = 0;
  std::uint8_t reason = 0;  // a Reason (mgmt/pair/reason.h), for the history alone

  friend bool operator==(const Resign&, const Resign&) = default;
};

// Asked on the VIPs' own VLANs, by broadcast: "does anybody hold this group?" By a candidate before
// it claims, and by a holder whom nobody acknowledges (`holds`).
struct Probe {
  Group group = 0;
  bool holds = false;
  Epoch epoch = 0;  // held, or that of the coming claim
  Rank rank;

  friend bool operator==(const Probe&, const Probe&) = default;
};

// Answered where the lease is, by the data plane, while it has not lapsed.
struct ProbeReply {
  Group group = 0;
  Epoch epoch = 0;

  friend bool operator==(const ProbeReply&, const ProbeReply&) = default;
};

// A planned switchover. Prepare and Ready are repeated every heartbeat until the next step.
struct HandoffPrepare {  // holder: "are you ready to take it?"
  Group group = 0;
  Epoch epoch = 0;  // held

  friend bool operator==(const HandoffPrepare&, const HandoffPrepare&) = default;
};
struct HandoffReady {  // "yes, if you say Go within `dead` of `stamp`"
  Group group = 0;
  Epoch epoch = 0;
  Stamp stamp{};  // the taker's clock

  friend bool operator==(const HandoffReady&, const HandoffReady&) = default;
};
struct HandoffGo {  // "I have let go of `epoch`; flows are flushed up to `flow_seq`: claim"
  Group group = 0;
  Epoch epoch = 0;
  Stamp echo{};  // the newest HandoffReady::stamp
  std::uint64_t flow_seq = 0;

  friend bool operator==(const HandoffGo&, const HandoffGo&) = default;
};
struct HandoffDone {  // "I have claimed": the taker, with its new epoch
  Group group = 0;
  Epoch epoch = 0;  // that was given away
  Epoch claimed = 0;

  friend bool operator==(const HandoffDone&, const HandoffDone&) = default;
};
struct HandoffAbort {  // either: "not now"
  Group group = 0;
  Epoch epoch = 0;
  std::uint8_t reason = 0;  // a Reason

  friend bool operator==(const HandoffAbort&, const HandoffAbort&) = default;
};

// The order is on the wire: the index of an alternative, from 1, is its type.
using Message = std::variant<Heartbeat, Ack, Resign, Probe, ProbeReply, HandoffPrepare,
                             HandoffReady, HandoffGo, HandoffDone, HandoffAbort>;

}  // namespace yoke::pair
