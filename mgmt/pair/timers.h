// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "hal/base/result.h"

// How long the pair waits for what. The proof that two units never answer for one VIP hangs on the
// relations between these numbers, so they are checked where they are loaded, never assumed.
// Threads: values, any.
namespace yoke::pair {

using Span = std::chrono::nanoseconds;

// Timers::burst of no profile is longer: what a peer that was never heard is given.
inline constexpr Span kLongestBurst = std::chrono::milliseconds(50);

struct Timers {
  Span heartbeat{};     // between two heartbeats
  Span lease{};         // a heartbeat acknowledged grants the lease for so long from its sending
  Span dead{};          // who acknowledged it does not claim for so long from its hearing
  Span probe_gap{};     // between two probes of a candidate
  Span probe_wait{};    // from the last probe to the claim
  unsigned probes = 3;  // asked before a claim
  Span burst{};         // longest time between the data plane's look at the lease and the packet
  unsigned drift_ppm = 500;  // by which either clock may run wrong

  Span boot_hold{};     // after the machine's start, for the peer to show up
  Span restart_hold{};  // after the process's alone; outlasts all promises made before
  // As restart_hold, until the peer has told its timers: longer than any profile's promise, as the
  // process before this one may have given it to a slower peer.
  Span unmet_hold{};
  Span handoff_step{};   // a step of a planned switchover that takes longer aborts it
  Span better_for{};     // the standby is healthier for so long before it is handed the group
  Span preempt_delay{};  // the standby has the higher priority for so long, where preempt is on
  Span flap_window{};    // so many losses of the group within this time, and the unit is held
  unsigned flaps = 3;
  Span hold_down{};  // for so long
  Span cut_off{};    // the peer hears on the data network what this unit does not, for so long
};

// "fast": isolated cores on bare metal; "default"; "vm": everything may stall. None: no such name.
[[nodiscard]] std::optional<Timers> profile(std::string_view name) noexcept;

// From a candidate's first probe to its claim.
[[nodiscard]] Span probe_round(const Timers& timers) noexcept;

// E-701 with the rule broken and both numbers in its text: lease >= 4 heartbeats, dead >=
// lease (1 + 2 drift) + burst, a round of probes >= burst, restart_hold >= dead, and the like.
[[nodiscard]] Status check(const Timers& timers);

}  // namespace yoke::pair
