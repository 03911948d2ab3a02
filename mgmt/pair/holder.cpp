// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/turn.h"

// The lease while it is held: won, renewed, lost.
namespace yoke::pair {
namespace {

constexpr Span kReclaimEvery = std::chrono::milliseconds(333);

void set_lease(Turn& turn, Lease lease) {
  turn.state.lease = lease;
  turn.actions.add(SetLease{lease});
}

// A unit that loses the group again and again does more harm than its peer alone.
void count_loss(Turn& turn) {
  auto& losses = turn.state.losses;
  std::move_backward(losses.begin(), losses.end() - 1, losses.end());
  losses[0] = turn.now;
  const std::size_t flaps = std::clamp<std::size_t>(turn.timers().flaps, 1, losses.size());
  if (turn.now - losses[flaps - 1] < turn.timers().flap_window) {
    turn.state.held_until = turn.now + turn.timers().hold_down;
  }
}

bool is_up_to_it(const Turn& turn) {
  return turn.state.tracking.data_link && turn.state.tracking.able && !is_cut_off(turn.view());
}

Reason why_not_up_to_it(const Turn& turn) {
  if (!turn.state.tracking.data_link) return Reason::kDataLinkDown;
  return turn.state.tracking.able ? Reason::kDataCutOff : Reason::kTrackingFailed;
}

// True once `is` has been so for `span`; `since` remembers.
bool lasts(bool is, MonoTime& since, MonoTime now, Span span) {
  if (!is) {
    since = kLongAgo;
    return false;
  }
  if (since == kLongAgo) since = now;
  return now - since >= span;
}

// Weights never take the group from a unit that serves, but a lasting difference moves it in a
// planned way, preemption or not.
void compare_with_peer(Turn& turn) {
  auto& state = turn.state;
  const Rank own = own_rank(turn.view());
  const Rank& peer = state.peer.rank;
  const bool could = peer_is_able(turn.view()) && peer.ready && state.peer.role == Role::kStandby;
  const bool better = lasts(could && peer.health > own.health, state.better_since, turn.now,
                            turn.timers().better_for);
  const bool preferred = lasts(could && turn.setup.config.preempt && peer.health >= own.health &&
                                   peer.priority > own.priority,
                               state.preferred_since, turn.now, turn.timers().preempt_delay);
  if (better) {
    begin_handoff(turn, Reason::kPeerHealthier, false);
  } else if (preferred) {
    begin_handoff(turn, Reason::kPreempted, false);
  }
}

}  // namespace

void claim(Turn& turn, Reason reason, MonoTime until) {
  auto& state = turn.state;
  const Epoch epoch = turn.rules().mint(turn.view());
  state.seen = epoch;
  state.proposed = 0;
  state.acked_at = reason == Reason::kGranted || reason == Reason::kTakenOver ? turn.now : kLongAgo;
  state.candidacy = Candidacy{};
  state.handoff = Handoff{};
  state.promise = Promise{};
  state.better_since = state.preferred_since = kLongAgo;
  set_lease(turn, Lease{epoch, until});
  turn.actions.add(Announce{epoch});
  turn.change_role(Role::kActive, reason);
}

void lose(Turn& turn, Reason reason) {
  auto& state = turn.state;
  const Epoch epoch = state.lease.epoch;
  set_lease(turn, Lease{epoch, kLongAgo});
  turn.actions.add(Withdraw{epoch});
  if (state.handoff.phase == Handoff::Phase::kFlush) turn.actions.add(Flows{Flows::What::kThaw});
  state.handoff = Handoff{};
  const bool asked = reason == Reason::kMaintenance || reason == Reason::kShutdown ||
                     reason == Reason::kGroupRemoved;
  if (!asked) count_loss(turn);
  state.stand_at = turn.now + turn.dead();
  rest(turn, reason);
  turn.tell_peer(Resign{turn.setup.config.group, epoch, static_cast<std::uint8_t>(reason)});
}

void expire(Turn& turn) {
  if (turn.holds() && !turn.rules().lease_holds(turn.view())) lose(turn, Reason::kLeaseLapsed);
}

void take_ack(Turn& turn, const Ack& ack) {
  auto& state = turn.state;
  const MonoTime sent = own_time(ack.echo);
  if (!turn.rules().ack_renews(turn.view(), ack) || sent > turn.now) return;
  const MonoTime until = turn.rules().granted_until(turn.view(), sent);
  if (until <= turn.now) return;
  state.acked_at = turn.now;
  if (until > state.lease.until) set_lease(turn, Lease{state.lease.epoch, until});
  if (state.role == Role::kAlone) turn.change_role(Role::kActive, Reason::kPeerAcks);
}

void meet_holder(Turn& turn, Epoch epoch) {
  if (turn.rules().yields_to(turn.view(), epoch)) {
    lose(turn, Reason::kHigherEpoch);
    return;
  }
  turn.heartbeat_soon();  // so that the other stops
  if (turn.now - turn.state.reclaimed_at < kReclaimEvery) return;
  turn.state.reclaimed_at = turn.now;
  turn.actions.add(Reclaim{});
}

void raise_epoch(Turn& turn) {
  const Epoch epoch = turn.rules().mint(turn.view());
  if (!turn.rules().is_reserved(turn.view(), epoch)) return;
  turn.state.seen = epoch;
  turn.state.proposed = 0;
  set_lease(turn, Lease{epoch, turn.state.lease.until});
  turn.change_role(turn.state.role, Reason::kEpochRaised);
}

void keep_holding(Turn& turn, bool beat) {
  auto& state = turn.state;
  if (!is_up_to_it(turn) && peer_is_able(turn.view())) {
    lose(turn, why_not_up_to_it(turn));
    return;
  }
  if (state.seen > state.lease.epoch && state.role != Role::kHandoffOut) raise_epoch(turn);
  if (!beat) return;
  if (turn.rules().may_renew_alone(turn.view())) {
    set_lease(turn, Lease{state.lease.epoch, turn.now + turn.timers().lease});
    if (state.role == Role::kHandoffOut) end_handoff(turn, Reason::kPeerSilent);
    if (state.role != Role::kAlone) turn.change_role(Role::kAlone, Reason::kPeerSilent);
  }
  if (state.role != Role::kHandoffOut) compare_with_peer(turn);
  if (turn.rules().should_probe_alone(turn.view())) {
    turn.tell_vips(Probe{turn.setup.config.group, true, state.lease.epoch, own_rank(turn.view())});
  }
}

}  // namespace yoke::pair
