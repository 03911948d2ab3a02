// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/turn.h"

// A planned switchover. Giver: Prepare until Ready, freeze and flush the flows, let go, Go. Taker:
// Ready to every Prepare, claims at Go, which is said once no burst can leave the giver any more:
// when its data plane says so (Quiet), or as long after as any burst takes. Until it lets go the
// giver serves and may call it off; from then on it may not claim before the taker's right to
// (`dead` from its last Ready) has surely passed.
namespace yoke::pair {
namespace {

using Phase = Handoff::Phase;

bool is_giving(const State& state) { return state.role == Role::kHandoffOut; }

void call_off(Turn& turn, Reason reason) {
  turn.tell_peer(HandoffAbort{turn.setup.config.group, turn.state.lease.epoch,
                              static_cast<std::uint8_t>(reason)});
  end_handoff(turn, reason);
}

void tell_go_if_due(Turn& turn) {
  auto& handoff = turn.state.handoff;
  if (turn.now < handoff.go_at || !turn.rules().may_say_go(turn.view())) return;
  handoff.go_at = turn.now + turn.timers().heartbeat;
  turn.tell_peer(
      HandoffGo{turn.setup.config.group, handoff.epoch, handoff.ready, handoff.flow_seq});
}

void let_go(Turn& turn) {
  auto& state = turn.state;
  auto& handoff = state.handoff;
  handoff.phase = Phase::kGone;
  handoff.gone_at = turn.now;
  handoff.deadline = turn.now + turn.dead();
  state.lease.until = kLongAgo;
  turn.actions.add(SetLease{state.lease, true});
  turn.actions.add(Withdraw{handoff.epoch});
  state.promise = Promise{handoff.epoch, turn.now + 2 * turn.dead() + turn.timers().heartbeat};
  state.stand_at = state.promise.until;
  if (handoff.into_maintenance) {
    state.maintenance = true;
    turn.actions.add(SaveMaintenance{true});
  }
  rest(turn, Reason::kHandedOver);
  tell_go_if_due(turn);
}

// The taker must still be waiting when Go arrives: a Ready that is old is not built upon.
void let_go_if_due(Turn& turn) {
  const auto& handoff = turn.state.handoff;
  if (handoff.phase == Phase::kFlush && handoff.flushed &&
      turn.now - handoff.ready_at <= turn.dead() / 2) {
    let_go(turn);
  }
}

}  // namespace

void begin_handoff(Turn& turn, Reason reason, bool into_maintenance) {
  auto& state = turn.state;
  const bool could = peer_is_able(turn.view()) && state.peer.rank.ready &&
                     state.peer.role == Role::kStandby && versions_overlap(state);
  const bool differ = timers_differ(turn.view());
  if (!turn.holds() || is_giving(state) || !could || differ) {
    const Reason why = differ ? Reason::kTimersDiffer : Reason::kPeerNotReady;
    turn.actions.add(Refused{turn.holds() ? why : Reason::kNotActive});
    state.better_since = state.preferred_since = kLongAgo;
    return;
  }
  state.handoff = Handoff{};
  state.handoff.phase = Phase::kPrepare;
  state.handoff.epoch = state.lease.epoch;
  state.handoff.began = turn.now;
  state.handoff.deadline = turn.now + turn.timers().handoff_step;
  state.handoff.into_maintenance = into_maintenance;
  turn.change_role(Role::kHandoffOut, reason);
  turn.tell_peer(HandoffPrepare{turn.setup.config.group, state.lease.epoch});
}

void end_handoff(Turn& turn, Reason reason) {
  auto& state = turn.state;
  if (state.handoff.phase == Phase::kFlush) turn.actions.add(Flows{Flows::What::kThaw});
  state.handoff = Handoff{};
  state.better_since = state.preferred_since = kLongAgo;
  turn.actions.add(Refused{reason});
  turn.change_role(Role::kActive, reason);
}

void keep_handing(Turn& turn, bool beat) {
  auto& state = turn.state;
  auto& handoff = state.handoff;
  if (is_giving(state)) {
    if (turn.now >= handoff.deadline) {
      call_off(turn, Reason::kHandoffTimeout);
    } else if (!peer_is_able(turn.view())) {
      call_off(turn, Reason::kPeerNotReady);
    } else if (beat) {
      turn.tell_peer(HandoffPrepare{turn.setup.config.group, state.lease.epoch});
    }
  } else if (handoff.phase == Phase::kGone) {
    if (turn.now >= handoff.deadline) {
      handoff = Handoff{};
    } else {
      tell_go_if_due(turn);
    }
  } else if (state.role == Role::kHandoffIn && turn.now >= handoff.deadline) {
    handoff = Handoff{};
    rest(turn, Reason::kHandoffTimeout);
  }
}

void take_handoff(Turn& turn, const HandoffPrepare& prepare) {
  auto& state = turn.state;
  if (turn.holds() || state.role == Role::kCandidate) return;
  if (!turn.rules().may_prepare(turn.view(), prepare)) {
    turn.tell_peer(HandoffAbort{turn.setup.config.group, prepare.epoch,
                                static_cast<std::uint8_t>(Reason::kPeerNotReady)});
    return;
  }
  if (state.role != Role::kHandoffIn) {
    state.handoff = Handoff{};
    state.handoff.epoch = prepare.epoch;
    state.handoff.began = turn.now;
    turn.change_role(Role::kHandoffIn, Reason::kHandoffOffered);
  }
  state.handoff.deadline = turn.now + turn.dead();
  turn.tell_peer(HandoffReady{turn.setup.config.group, prepare.epoch, stamp(turn.now)});
}

void take_handoff(Turn& turn, const HandoffReady& ready) {
  auto& handoff = turn.state.handoff;
  if (!is_giving(turn.state) || ready.epoch != handoff.epoch) return;
  if (handoff.phase == Phase::kFlush && ready.stamp <= handoff.ready) return;
  handoff.ready = ready.stamp;
  handoff.ready_at = turn.now;
  if (handoff.phase == Phase::kPrepare) {
    handoff.phase = Phase::kFlush;
    handoff.deadline = turn.now + turn.timers().handoff_step;
    turn.actions.add(Flows{Flows::What::kFreeze});
  }
  let_go_if_due(turn);
}

void take_handoff(Turn& turn, const HandoffGo& go) {
  if (!turn.rules().go_is_valid(turn.view(), go)) return;
  const Epoch given = go.epoch;
  turn.state.resigned = std::max(turn.state.resigned, given);
  claim(turn, Reason::kTakenOver, turn.now + turn.timers().lease);
  turn.tell_peer(HandoffDone{turn.setup.config.group, given, turn.state.lease.epoch});
}

void take_handoff(Turn& turn, const HandoffDone& done) {
  auto& state = turn.state;
  if (state.handoff.phase != Phase::kGone || done.epoch != state.handoff.epoch) return;
  state.handoff = Handoff{};
}

void take_handoff(Turn& turn, const HandoffAbort& abort) {
  auto& state = turn.state;
  if (abort.epoch != state.handoff.epoch) return;
  if (is_giving(state)) {
    end_handoff(turn, Reason::kHandoffAborted);
  } else if (state.role == Role::kHandoffIn) {
    state.handoff = Handoff{};
    rest(turn, Reason::kHandoffAborted);
  }
}

void release(Turn& turn, const Flushed& flushed) {
  auto& handoff = turn.state.handoff;
  if (!is_giving(turn.state) || handoff.phase != Phase::kFlush) return;
  handoff.flushed = true;
  handoff.flow_seq = flushed.flow_seq;
  let_go_if_due(turn);
}

void settle_down(Turn& turn, const Quiet& quiet) {
  auto& handoff = turn.state.handoff;
  if (handoff.quiet || !turn.rules().is_quiet(turn.view(), quiet)) return;
  handoff.quiet = true;
  tell_go_if_due(turn);
}

}  // namespace yoke::pair
