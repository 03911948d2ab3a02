// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/base/clock.h"
#include "mgmt/pair/election.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/state.h"

// The rules that safety and liveness hang on, each on its own and under a name: what may be done,
// apart from when it is tried (election.h). There is one set, kRules; that they are a value lets
// tests/sim break one at a time and show that each is needed.
// Pure. Threads: any.
namespace yoke::pair {

struct View {
  const Setup& setup;
  const State& state;
  MonoTime now;
};

struct Rules {
  // -- the lease
  // It has not lapsed.
  bool (*lease_holds)(const View&);
  // The Ack is for what is held.
  bool (*ack_renews)(const View&, const Ack&);
  // Until when an Ack of the heartbeat sent at `sent` gives the lease.
  MonoTime (*granted_until)(const View&, MonoTime sent);
  // A holder whose peer is silent may renew by itself.
  bool (*may_renew_alone)(const View&);
  // A holder that hears of this epoch being held stops.
  bool (*yields_to)(const View&, Epoch other);
  // A holder asks on the VIPs' VLANs whether there is another.
  bool (*should_probe_alone)(const View&);

  // How long the peer is waited for: by whichever unit's timers are the slower.
  Span (*dead)(const View&);

  // -- what is believed
  // Newer than what the peer said last.
  bool (*is_fresh)(const View&, const Heartbeat&);
  // Nothing heard for `span`.
  bool (*is_silent)(const View&, Span span);
  // What Resign takes back is what was promised for.
  bool (*frees_promise)(const View&, const Resign&);
  // The wait that stands is for what is being taken back, not for what came after it.
  bool (*may_end_wait)(const View&);

  // -- becoming a candidate
  bool (*promise_over)(const View&);
  // This unit could claim, the peer being as it is.
  bool (*may_stand)(const View&);
  // The peer could claim as well, and should.
  bool (*is_outranked)(const View&);
  // Of two candidates, this one gives way.
  bool (*gives_way)(const View&, const Rank& other);
  // An answer to a probe ends the candidacy.
  bool (*answer_stops)(const View&);

  // -- claiming
  // Greater than any seen, and this unit's alone.
  Epoch (*mint)(const View&);
  bool (*is_reserved)(const View&, Epoch);
  bool (*has_probed)(const View&);
  // kNone: not now. Else by what right.
  Reason (*right_to_claim)(const View&);

  // -- handing over
  bool (*may_prepare)(const View&, const HandoffPrepare&);
  bool (*go_is_valid)(const View&, const HandoffGo&);
  // It is the lease given away now that the data plane has let go of.
  bool (*is_quiet)(const View&, const Quiet&);
  // Who has let go may say so: nothing of it can still be on its way out of the data plane.
  bool (*may_say_go)(const View&);
  // When Go is said though the data plane has not said that it is quiet.
  MonoTime (*go_anyway_at)(const View&);
};

extern const Rules kRules;

// The peer is there, says that it could hold the group, and would.
[[nodiscard]] bool peer_is_able(const View& view) noexcept;
// As `self` and `other` would be compared by either unit.
[[nodiscard]] bool outranks(const Rank& other, Unit other_unit, const Rank& self,
                            Unit self_unit) noexcept;
// Of this unit, as it is now.
[[nodiscard]] Rank own_rank(const View& view) noexcept;
[[nodiscard]] bool is_duplicate(const View& view) noexcept;
[[nodiscard]] bool is_held(const View& view) noexcept;
// It is this unit, and not the peer, that the data network does not reach (README.md).
[[nodiscard]] bool is_cut_off(const View& view) noexcept;
// Heard, and has heard us, within three heartbeats.
[[nodiscard]] bool is_two_way(const View& view, Channel channel) noexcept;
[[nodiscard]] bool versions_overlap(const State& state) noexcept;
// The peer's profile is another than ours.
[[nodiscard]] bool timers_differ(const View& view) noexcept;
// Between the heartbeats of the slower unit.
[[nodiscard]] Span slower_pace(const View& view) noexcept;

inline constexpr std::uint16_t kVersionMin = 1;
inline constexpr std::uint16_t kVersionMax = 1;

}  // namespace yoke::pair
