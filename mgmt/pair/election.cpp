// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/election.h"

#include <algorithm>

#include "mgmt/pair/turn.h"

namespace yoke::pair {
namespace {

constexpr Epoch kBlock = 64;  // epochs reserved at once

std::uint32_t in_us(Span span) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(span).count());
}

std::uint32_t since_others(const Turn& turn) {
  constexpr auto kMost = std::chrono::hours(24);
  const MonoTime::duration ago = turn.now - turn.state.tracking.others_at;
  if (ago < Span::zero() || ago > kMost) return kNobodyHeard;
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(ago).count());
}

// A lease that was taken under slower timers than those of now is waited for as well.
void tell_timers(const Turn& turn, Heartbeat& heartbeat) {
  const auto& timers = turn.timers();
  const Span left = turn.holds() ? turn.state.lease.until - turn.now : Span::zero();
  heartbeat.pace = in_us(timers.heartbeat);
  heartbeat.lease = in_us(timers.lease);
  heartbeat.dead = in_us(timers.dead + std::max(left - timers.lease, Span::zero()));
}

void send_heartbeat(Turn& turn) {
  auto& state = turn.state;
  Heartbeat heartbeat;
  heartbeat.group = turn.setup.config.group;
  heartbeat.role = state.role;
  heartbeat.epoch = state.seen;
  if (turn.holds()) heartbeat.epoch = state.lease.epoch;
  if (state.role == Role::kCandidate) heartbeat.epoch = state.candidacy.epoch;
  heartbeat.seq = ++state.seq;
  heartbeat.sent = stamp(turn.now);
  for (std::size_t i = 0; i < kChannels; ++i) heartbeat.heard[i] = state.peer.channels[i].newest;
  heartbeat.rank = state.role == Role::kCandidate ? state.candidacy.rank : own_rank(turn.view());
  if (state.role == Role::kInit) heartbeat.rank.eligible = false;  // it ends
  heartbeat.flow_lag = state.tracking.flow_lag;
  heartbeat.others_ago = since_others(turn);
  heartbeat.version_min = kVersionMin;
  heartbeat.version_max = kVersionMax;
  tell_timers(turn, heartbeat);
  state.beat_at = turn.now;
  state.next_heartbeat = turn.now + turn.timers().heartbeat;
  turn.tell_peer(heartbeat);
}

// Ahead of need, so that no takeover waits for a disk.
void reserve_ahead(Turn& turn) {
  auto& state = turn.state;
  const Epoch next = std::max(state.seen, state.floor) + 1;
  if (state.requested >= next + kBlock / 2) return;
  state.requested = next + kBlock;
  turn.actions.add(ReserveEpoch{state.requested});
}

void shut_down(Turn& turn, Reason reason) {
  if (turn.holds()) lose(turn, reason);
  turn.change_role(Role::kInit, reason);
  send_heartbeat(turn);
}

void obey(Turn& turn, const Command& command) {
  auto& state = turn.state;
  switch (command.what) {
    case Command::What::kFailover:
      begin_handoff(turn, Reason::kHandoffAsked, false);
      return;
    case Command::What::kMaintenance:
      if (turn.holds() && !command.force) {
        begin_handoff(turn, Reason::kMaintenance, true);
        return;
      }
      state.maintenance = true;
      turn.actions.add(SaveMaintenance{true});
      if (turn.holds()) lose(turn, Reason::kMaintenance);
      return;
    case Command::What::kResume:
      state.maintenance = false;
      state.handoff.into_maintenance = false;
      turn.actions.add(SaveMaintenance{false});
      return;
    case Command::What::kShutdown:
      return shut_down(turn, Reason::kShutdown);
    case Command::What::kRemove:
      return shut_down(turn, Reason::kGroupRemoved);
  }
}

void begin(Turn& turn, const Start& start) {
  auto& state = turn.state;
  const Tracking tracking = state.tracking;
  state = State{};
  state.tracking = tracking;
  state.boot = start.boot;
  state.maintenance = start.maintenance;
  state.seen = tracking.config.epoch;
  state.floor = state.reserved = state.requested = start.reserved;
  // A group that is taken away and comes back within one process is of the same boot: what it says
  // then is newer than all that it said before.
  state.seq = static_cast<std::uint64_t>(stamp(turn.now));
  state.last_step = turn.now;
  state.started_at = turn.now;
  state.listen_least = turn.now + turn.timers().restart_hold;
  state.listen_until =
      turn.now + (start.restarted ? turn.timers().unmet_hold : turn.timers().boot_hold);
  // What was promised before the start is not known any more, so as much as could have been.
  state.promise.until = turn.now + turn.timers().unmet_hold;
  turn.actions.add(SetLease{state.lease});
  turn.change_role(Role::kListen, Reason::kStarted);
}

void take(Turn& turn, const Start& start) { begin(turn, start); }
void take(Turn& /*turn*/, const Tick& /*tick*/) {}
void take(Turn& turn, const Heard& heard) { hear(turn, heard); }
void take(Turn& turn, const Tracked& tracked) {
  turn.state.tracking = tracked.tracking;
  turn.state.seen = std::max(turn.state.seen, tracked.tracking.config.epoch);
}
void take(Turn& turn, const EpochReserved& reserved) {
  turn.state.reserved = std::max(turn.state.reserved, reserved.up_to);
}
void take(Turn& turn, const Reconfigured& changed) {
  auto& state = turn.state;
  state.next_heartbeat = turn.now;  // the peer is to know
  if (!changed.timers) return;
  state.timers_at = turn.now;
  if (state.role == Role::kHandoffOut) {
    end_handoff(turn, Reason::kTimersDiffer);
  } else if (state.role == Role::kHandoffIn) {
    state.handoff = Handoff{};
    rest(turn, Reason::kTimersDiffer);
  }
}
void take(Turn& turn, const Flushed& flushed) { release(turn, flushed); }
void take(Turn& turn, const Quiet& quiet) { settle_down(turn, quiet); }
void take(Turn& turn, const Command& command) { obey(turn, command); }

void take(Turn& turn, const ForeignSeen& foreign) {
  auto& state = turn.state;
  state.foreign_at = turn.now;
  if (turn.holds() || !foreign.outranks) return;
  if (state.role == Role::kCandidate) {
    back_off(turn, Reason::kForeignClaim);
  } else {
    state.stand_at = std::max(state.stand_at, turn.now + turn.dead());
  }
}

// What follows from the event, and from time alone.
void settle(Turn& turn) {
  auto& state = turn.state;
  const bool beat = turn.now >= state.next_heartbeat;
  keep_handing(turn, beat);
  if (state.role == Role::kListen) {
    listen(turn);
  } else if (turn.holds()) {
    keep_holding(turn, beat);
  } else if (state.role == Role::kCandidate) {
    keep_asking(turn);
  } else {
    settle_rest(turn);
  }
  stand_if_due(turn);
  reserve_ahead(turn);
  if (beat) watch_channels(turn);
  if (turn.now >= state.next_heartbeat) send_heartbeat(turn);
}

}  // namespace

void Turn::change_role(Role to, Reason reason) {
  actions.add(Transition{state.role, to, reason, state.seen});
  state.role = to;
  state.next_heartbeat = now;
}

void Turn::set_alarm(Alarm alarm, bool on) {
  const auto bit = static_cast<std::uint16_t>(1U << static_cast<unsigned>(alarm));
  if (((state.alarms & bit) != 0) == on) return;
  state.alarms = static_cast<std::uint16_t>(on ? state.alarms | bit : state.alarms & ~bit);
  actions.add(AlarmChange{alarm, on});
}

void Turn::heartbeat_soon() noexcept {
  const MonoTime soon = std::max(now, state.beat_at + setup.timers.heartbeat / 5);
  state.next_heartbeat = std::min(state.next_heartbeat, soon);
}

Actions step(const Setup& setup, State& state, const Event& event, MonoTime now) {
  Actions actions;
  Turn turn{setup, state, now, actions};
  if (state.role == Role::kInit && !std::holds_alternative<Start>(event)) {
    if (const auto* tracked = std::get_if<Tracked>(&event)) state.tracking = tracked->tracking;
    return actions;
  }
  state.last_step = now;
  expire(turn);
  std::visit([&](const auto& what) { take(turn, what); }, event);
  if (state.role != Role::kInit) settle(turn);
  return actions;
}

MonoTime wake_at(const Setup& setup, const State& state) noexcept {
  MonoTime wake = state.next_heartbeat;
  const auto also = [&](MonoTime time) {
    if (time > state.last_step) wake = std::min(wake, time);
  };
  if (is_holder(state.role)) {
    also(state.lease.until);
  } else if (state.role == Role::kCandidate) {
    also(state.candidacy.next_probe);
    also(state.candidacy.probed_at + setup.timers.probe_wait);
  } else if (state.role == Role::kListen) {
    also(state.listen_until);
  } else {
    also(std::max(state.stand_at, state.promise.until));
    if (state.handoff.phase == Handoff::Phase::kGone) {
      also(setup.rules->go_anyway_at(View{setup, state, state.last_step}));
      also(state.handoff.go_at);
    }
  }
  return wake;
}

}  // namespace yoke::pair
