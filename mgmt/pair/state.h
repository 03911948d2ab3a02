// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "hal/base/clock.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/reason.h"
#include "mgmt/pair/timers.h"

// What one unit knows about one VIP group: the whole memory of its election (election.h). Plain
// values, no pointers: a copy is a snapshot.
namespace yoke::pair {

// Before any moment that a clock shows, and far enough from the end to be subtracted.
inline constexpr MonoTime kLongAgo{-std::chrono::hours(24 * 365)};

[[nodiscard]] inline Stamp stamp(MonoTime time) noexcept {
  return Stamp{std::chrono::nanoseconds(time.time_since_epoch()).count()};
}
[[nodiscard]] inline MonoTime own_time(Stamp echo) noexcept {
  return MonoTime(std::chrono::nanoseconds(static_cast<std::int64_t>(echo)));
}

// What the data plane is told: claim while `now < until`.
struct Lease {
  Epoch epoch = 0;
  MonoTime until = kLongAgo;

  friend bool operator==(const Lease&, const Lease&) = default;
};

// "I will not claim before `until`", given to the peer by an Ack.
struct Promise {
  Epoch epoch = 0;
  MonoTime until = kLongAgo;
};

struct ChannelView {
  MonoTime heard_at = kLongAgo;
  std::uint64_t newest = 0;       // of the peer's heartbeats heard here
  std::uint64_t echoed = 0;       // of our heartbeats that the peer has heard here
  MonoTime echoed_at = kLongAgo;  // when that last grew
};

struct PeerView {
  std::uint64_t boot = 0;        // 0: never heard
  std::uint64_t newest = 0;      // seq of the newest heartbeat
  MonoTime heard_at = kLongAgo;  // on any channel
  Role role = Role::kInit;
  Rank rank;
  std::uint16_t version_min = 1;
  std::uint16_t version_max = 1;
  Span pace{};   // between its heartbeats; 0: not told
  Span lease{};  // what it takes from an Ack
  Span dead{};   // what is to be waited for it
  std::array<ChannelView, kChannels> channels;
  MonoTime others_at = kLongAgo;  // it heard others than us on the data network
};

struct Candidacy {
  Epoch epoch = 0;  // it would claim with
  Rank rank;        // as it was when it began: both sides compare the same values
  Reason why = Reason::kNone;
  MonoTime since = kLongAgo;
  unsigned probes = 0;  // sent
  MonoTime probed_at = kLongAgo;
  MonoTime next_probe = kLongAgo;
  MonoTime granted_until = kLongAgo;  // the lease that the peer's Ack would give
};

struct Handoff {
  enum class Phase : std::uint8_t { kNone, kPrepare, kFlush, kGone };  // of the giver
  Phase phase = Phase::kNone;
  Epoch epoch = 0;  // given away
  MonoTime began = kLongAgo;
  MonoTime deadline = kLongAgo;
  Stamp ready{};  // the peer's, newest
  MonoTime ready_at = kLongAgo;
  bool flushed = false;
  std::uint64_t flow_seq = 0;
  MonoTime gone_at = kLongAgo;  // the lease was taken back
  bool quiet = false;           // and the data plane has let go of it
  MonoTime go_at = kLongAgo;    // Go is said again
  bool into_maintenance = false;
};

// What the unit finds out about itself.
struct Tracking {
  bool data_link = false;  // the VIPs' ports have a link
  bool able = false;  // everything else that must work does: data plane, tracked without weight
  bool tells_quiet = false;  // the data plane says when a lease taken back is over (Quiet)
  bool ready = false;        // in sync with the active unit, or as good as it gets
  bool witness = false;      // strict: a third party says that the peer does not serve
  std::uint8_t health = 0;
  ConfigPosition config;
  std::uint32_t flow_lag = 0;
  MonoTime others_at = kLongAgo;  // others than the peer were heard on the data network
  friend bool operator==(const Tracking&, const Tracking&) = default;
};

struct State {
  Role role = Role::kInit;
  std::uint64_t boot = 0;
  Tracking tracking;
  bool maintenance = false;

  Epoch seen = 0;       // highest known to have been claimed
  Epoch floor = 0;      // found on disk at start: may all have been claimed by this unit before
  Epoch reserved = 0;   // on disk: this unit may mint up to here
  Epoch proposed = 0;   // as a candidate and never claimed: proposed again, so that none is wasted
  Epoch requested = 0;  // asked to be put there
  Epoch resigned = 0;   // highest that the peer has let go of

  Lease lease;
  MonoTime acked_at = kLongAgo;
  Promise promise;
  MonoTime stand_at = kLongAgo;  // not a candidate before: politeness, where `promise` is duty
  MonoTime started_at = kLongAgo;
  bool met = false;  // the peer has told its timers since
  MonoTime listen_least = kLongAgo;
  MonoTime listen_until = kLongAgo;

  std::uint64_t seq = 0;
  MonoTime next_heartbeat = kLongAgo;
  MonoTime beat_at = kLongAgo;    // the last one
  MonoTime timers_at = kLongAgo;  // other timers than before: since then
  MonoTime last_step = kLongAgo;

  PeerView peer;
  Candidacy candidacy;
  Handoff handoff;

  MonoTime duplicate_at = kLongAgo;  // a unit with our name was heard
  MonoTime foreign_at = kLongAgo;
  MonoTime reclaimed_at = kLongAgo;
  MonoTime better_since = kLongAgo;     // the peer is healthier; kLongAgo: it is not
  MonoTime preferred_since = kLongAgo;  // the peer has the higher priority
  std::array<MonoTime, 8> losses{kLongAgo, kLongAgo, kLongAgo, kLongAgo,
                                 kLongAgo, kLongAgo, kLongAgo, kLongAgo};  // newest first
  MonoTime held_until = kLongAgo;
  // On the data network, while the dedicated link works both ways; kLongAgo: it is not so.
  MonoTime deaf_since = kLongAgo;  // the peer is not heard
  MonoTime mute_since = kLongAgo;  // it is, and does not hear us
  MonoTime cut_since = kLongAgo;   // and this unit's side of it is at fault
  bool cut_off = false;            // for more than a moment
  std::uint16_t alarms = 0;        // a bit an Alarm
};

}  // namespace yoke::pair
