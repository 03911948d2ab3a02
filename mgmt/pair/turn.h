// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/pair/election.h"
#include "mgmt/pair/rules.h"

// One step of the election while it is being made; its parts, by what they decide. For election.cpp
// and its neighbours alone. Threads: one.
namespace yoke::pair {

struct Turn {
  const Setup& setup;
  State& state;
  MonoTime now;
  Actions& actions;

  [[nodiscard]] View view() const noexcept { return View{setup, state, now}; }
  [[nodiscard]] const Rules& rules() const noexcept { return *setup.rules; }
  [[nodiscard]] const Timers& timers() const noexcept { return setup.timers; }
  [[nodiscard]] Span dead() const { return setup.rules->dead(view()); }
  [[nodiscard]] bool holds() const noexcept { return is_holder(state.role); }

  void tell_peer(const Message& message) { actions.add(Send{Send::Where::kPeer, message}); }
  void tell_vips(const Message& message) { actions.add(Send{Send::Where::kVips, message}); }
  // Out of turn, as something has changed that the peer should know; in bounds, whoever asks.
  void heartbeat_soon() noexcept;
  void change_role(Role to, Reason reason);
  void set_alarm(Alarm alarm, bool on);
};

// -- holder.cpp: the lease, while it is held
void claim(Turn& turn, Reason reason, MonoTime until);
void lose(Turn& turn, Reason reason);
void expire(Turn& turn);                    // first of all in every step
void take_ack(Turn& turn, const Ack& ack);  // of a holder
void meet_holder(Turn& turn, Epoch epoch);  // another says that it holds, too
void raise_epoch(Turn& turn);               // where the peer has seen a higher one
void keep_holding(Turn& turn, bool beat);   // what time brings; `beat`: a heartbeat is due

// -- candidate.cpp
void stand_if_due(Turn& turn);  // any who does not hold
void keep_asking(Turn& turn);   // of a candidate, what time brings
void back_off(Turn& turn, Reason reason);
void take_grant(Turn& turn, const Ack& ack);  // of a candidate
void meet_candidate(Turn& turn, const Rank& rank);

// -- resting.cpp: neither holder nor candidate
void rest(Turn& turn, Reason reason);  // takes up the role that fits
void settle_rest(Turn& turn);          // what fits may have changed
void listen(Turn& turn);               // of a unit that has just started

// -- handoff.cpp
void begin_handoff(Turn& turn, Reason reason, bool into_maintenance);
void end_handoff(Turn& turn, Reason reason);  // of a giver: it keeps the group
void keep_handing(Turn& turn, bool beat);     // what time brings, either side
void take_handoff(Turn& turn, const HandoffPrepare& prepare);
void take_handoff(Turn& turn, const HandoffReady& ready);
void take_handoff(Turn& turn, const HandoffGo& go);
void take_handoff(Turn& turn, const HandoffDone& done);
void take_handoff(Turn& turn, const HandoffAbort& abort);
void release(Turn& turn, const Flushed& flushed);
void settle_down(Turn& turn, const Quiet& quiet);

// -- hearing.cpp: messages
void hear(Turn& turn, const Heard& heard);
void watch_channels(Turn& turn);  // alarms about paths

}  // namespace yoke::pair
