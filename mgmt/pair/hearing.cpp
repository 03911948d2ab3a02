// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/turn.h"

// What messages of the peer mean for what is known and promised.
namespace yoke::pair {
namespace {

void promise(Turn& turn, Epoch epoch) {
  auto& given = turn.state.promise;
  given.epoch = epoch;
  given.until = std::max(given.until, turn.now + turn.dead());
}

void acknowledge(Turn& turn, const Heartbeat& heartbeat) {
  promise(turn, heartbeat.epoch);
  turn.tell_peer(Ack{turn.setup.config.group, heartbeat.epoch, heartbeat.sent});
}

void hear_holder(Turn& turn, const Heartbeat& heartbeat) {
  auto& state = turn.state;
  if (turn.holds()) {
    meet_holder(turn, heartbeat.epoch);
    if (turn.holds()) return;
  }
  // Where a higher epoch was seen here, our next heartbeat says so, and it raises its own.
  state.seen = std::max(state.seen, heartbeat.epoch);
  acknowledge(turn, heartbeat);
  if (state.role == Role::kCandidate) back_off(turn, Reason::kPeerHolds);
}

void hear_candidate(Turn& turn, const Heartbeat& heartbeat) {
  auto& state = turn.state;
  if (turn.holds()) {
    turn.heartbeat_soon();  // so that it gives up
    return;
  }
  if (state.role == Role::kCandidate) {
    meet_candidate(turn, heartbeat.rank);
    if (state.role == Role::kCandidate) return;
  }
  if (heartbeat.epoch < state.seen) {
    turn.heartbeat_soon();  // so that it asks for a higher one
    return;
  }
  state.seen = heartbeat.epoch;  // the claim may come and go unheard
  acknowledge(turn, heartbeat);
}

// The peer has let go of what was promised for. A wait that goes on when the promise is over is for
// something that came since, as a candidate's probe: a word that comes late does not end that.
void take_back_promise(Turn& turn) {
  auto& state = turn.state;
  if (turn.rules().may_end_wait(turn.view())) state.stand_at = std::min(state.stand_at, turn.now);
  state.promise.until = std::min(state.promise.until, turn.now);
}

// It neither holds nor is a candidate: what was promised has no object any more. (Not so of a
// taker, who may claim any moment by our own word.)
void hear_resting(Turn& turn, const Heartbeat& heartbeat, bool was_holder) {
  auto& state = turn.state;
  // What was committed was committed under a claim, even if that unit has forgotten it since.
  state.seen = std::max({state.seen, heartbeat.epoch, heartbeat.rank.config.epoch});
  if (heartbeat.role == Role::kHandoffIn) return;
  if (was_holder) {
    take_back_promise(turn);
  } else {
    state.promise.until = std::min(state.promise.until, turn.now);
  }
}

// No profile's is as long; a peer that told more would be waited for without end.
constexpr Span kDeadMost = std::chrono::seconds(5);

void note_channel(Turn& turn, Channel channel, const Heartbeat& heartbeat) {
  auto& peer = turn.state.peer;
  auto& here = peer.channels[static_cast<std::size_t>(channel)];
  here.newest = std::max(here.newest, heartbeat.seq);
  if (heartbeat.seq < peer.newest) return;  // it says nothing about now
  here.heard_at = peer.heard_at = turn.now;
  for (std::size_t i = 0; i < kChannels; ++i) {
    auto& view = peer.channels[i];
    if (heartbeat.heard[i] <= view.echoed || heartbeat.heard[i] > turn.state.seq) continue;
    view.echoed = heartbeat.heard[i];
    view.echoed_at = turn.now;
  }
}

// Promised before the start was no more than this peer waits for; nor was it since, on a VIP's
// VLAN.
void limit_first_promise(Turn& turn) {
  auto& state = turn.state;
  if (state.met) return;
  state.met = true;
  const Span hold = std::max(turn.timers().restart_hold, turn.dead() + turn.dead() / 5);
  const MonoTime most = std::max(state.started_at + hold, turn.now + turn.dead());
  state.promise.until = std::min(state.promise.until, most);
}

void take(Turn& turn, Channel channel, const Heartbeat& heartbeat) {
  auto& peer = turn.state.peer;
  note_channel(turn, channel, heartbeat);
  if (!turn.rules().is_fresh(turn.view(), heartbeat)) return;
  const bool was_holder = is_holder(peer.role);
  peer.newest = heartbeat.seq;
  peer.role = heartbeat.role;
  peer.rank = heartbeat.rank;
  peer.version_min = heartbeat.version_min;
  peer.version_max = heartbeat.version_max;
  peer.pace = std::chrono::microseconds(heartbeat.pace);
  peer.lease = std::chrono::microseconds(heartbeat.lease);
  peer.dead = std::min<Span>(std::chrono::microseconds(heartbeat.dead), kDeadMost);
  if (heartbeat.others_ago != kNobodyHeard) {
    const MonoTime at = turn.now - std::chrono::milliseconds(heartbeat.others_ago);
    peer.others_at = std::max(peer.others_at, at);
  }
  limit_first_promise(turn);
  if (is_holder(heartbeat.role)) {
    hear_holder(turn, heartbeat);
  } else if (heartbeat.role == Role::kCandidate) {
    hear_candidate(turn, heartbeat);
  } else {
    hear_resting(turn, heartbeat, was_holder);
  }
}

void take(Turn& turn, Channel /*channel*/, const Ack& ack) {
  if (turn.holds()) {
    take_ack(turn, ack);
  } else if (turn.state.role == Role::kCandidate) {
    take_grant(turn, ack);
  }
}

void take(Turn& turn, Channel /*channel*/, const Resign& resign) {
  auto& state = turn.state;
  state.resigned = std::max(state.resigned, resign.epoch);
  if (turn.holds() || !turn.rules().frees_promise(turn.view(), resign)) return;
  take_back_promise(turn);
  // Until its next heartbeat tells more: it could not, else it would not have let go.
  if (is_holder(state.peer.role)) state.peer.role = Role::kStandby;
  state.peer.rank.eligible = false;
}

// A sealed word on a VIP's VLAN is evidence of a holder, but never renews a lease nor proves that
// the peer hears: those are told on the channels.
void take_on_vips(Turn& turn, const Probe& probe) {
  auto& state = turn.state;
  if (turn.holds()) {
    if (!probe.holds) {
      turn.heartbeat_soon();
      return;
    }
    meet_holder(turn, probe.epoch);
    if (!turn.holds()) return;
    turn.tell_vips(Probe{turn.setup.config.group, true, state.lease.epoch, own_rank(turn.view())});
  } else if (probe.holds) {
    state.seen = std::max(state.seen, probe.epoch);
    promise(turn, probe.epoch);
    if (state.role == Role::kCandidate) back_off(turn, Reason::kPeerHolds);
  } else if (state.role == Role::kCandidate) {
    meet_candidate(turn, probe.rank);
  } else if (state.role != Role::kHandoffIn) {
    state.stand_at = std::max(state.stand_at, turn.now + turn.dead());
  }
}

// Whoever it was that answered: not sealed, so it stops a candidate and nothing else.
void take_on_vips(Turn& turn, const ProbeReply& /*reply*/) {
  if (turn.state.role == Role::kCandidate && turn.rules().answer_stops(turn.view())) {
    back_off(turn, Reason::kProbeAnswered);
  }
}

template <typename T>
void take_on_vips(Turn& /*turn*/, const T& /*message*/) {}  // has no business there

template <typename T>
void take(Turn& turn, Channel /*channel*/, const T& message) {
  if constexpr (!std::is_same_v<T, Probe> && !std::is_same_v<T, ProbeReply>) {
    take_handoff(turn, message);
  }
}

// All that was known was of a process that is no more.
void meet_new_boot(Turn& turn, std::uint64_t boot) {
  auto& state = turn.state;
  const bool first = state.peer.boot == 0;
  state.peer = PeerView{};
  state.peer.boot = boot;
  if (first) return;
  if (state.role == Role::kHandoffOut) {
    end_handoff(turn, Reason::kPeerRestarted);
  } else if (state.role == Role::kHandoffIn) {
    state.handoff = Handoff{};
    rest(turn, Reason::kPeerRestarted);
  }
}

// Whether it is this unit that the data network does not reach, or not hear (README.md).
void watch_data(Turn& turn, Span recent) {
  auto& state = turn.state;
  const auto& data = state.peer.channels[static_cast<std::size_t>(Channel::kData)];
  const bool watched = turn.setup.config.channels[static_cast<std::size_t>(Channel::kData)] &&
                       is_two_way(turn.view(), Channel::kDedicated);
  const bool in = turn.now - data.heard_at <= recent;
  const bool out = turn.now - data.echoed_at <= recent;
  const auto note = [&](bool is, MonoTime& since) {
    if (!is) since = kLongAgo;
    if (is && since == kLongAgo) since = turn.now;
  };
  // The peer's ears work: it has heard others long after ours, or its own for us, failed.
  const auto is_ours = [&](MonoTime since, MonoTime heard) {
    return since != kLongAgo &&
           state.peer.others_at >= std::max(since, heard) + turn.timers().cut_off;
  };
  // What has never been heard there was not lost: ports may be isolated, or frames filtered.
  note(watched && !in && data.heard_at != kLongAgo, state.deaf_since);
  note(watched && in && !out && data.echoed_at != kLongAgo, state.mute_since);
  note(is_ours(state.deaf_since, state.tracking.others_at) || is_ours(state.mute_since, kLongAgo),
       state.cut_since);
  // Where it is mended, the peer may tell of it before its own frame is here.
  state.cut_off = state.cut_since != kLongAgo && turn.now - state.cut_since > recent;
}

}  // namespace

void hear(Turn& turn, const Heard& heard) {
  auto& state = turn.state;
  if (heard.from.unit == turn.setup.config.unit) {
    if (heard.from.boot == state.boot) return;  // an echo of our own
    state.duplicate_at = turn.now;
    return;
  }
  if (!heard.channel) {
    std::visit([&](const auto& message) { take_on_vips(turn, message); }, heard.message);
    return;
  }
  if (heard.from.boot != state.peer.boot) meet_new_boot(turn, heard.from.boot);
  if (!std::holds_alternative<Heartbeat>(heard.message)) {
    state.peer.heard_at = turn.now;
    state.peer.channels[static_cast<std::size_t>(*heard.channel)].heard_at = turn.now;
  }
  std::visit([&](const auto& message) { take(turn, *heard.channel, message); }, heard.message);
}

void watch_channels(Turn& turn) {
  const View view = turn.view();
  const Span recent = 3 * slower_pace(view);
  unsigned used = 0;
  unsigned both = 0;
  bool one_way = false;
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!turn.setup.config.channels[i]) continue;
    const auto& channel = turn.state.peer.channels[i];
    const bool in = turn.now - channel.heard_at <= recent;
    const bool out = turn.now - channel.echoed_at <= recent;
    ++used;
    both += is_two_way(view, static_cast<Channel>(i)) ? 1U : 0U;
    one_way = one_way || in != out;
  }
  watch_data(turn, recent);
  const bool silent = turn.now - turn.state.peer.heard_at > recent;
  turn.set_alarm(Alarm::kJeopardy, used > 1 && both == 1);
  turn.set_alarm(Alarm::kPeerSilent, silent);
  turn.set_alarm(Alarm::kOneWay, one_way && !silent);
  turn.set_alarm(Alarm::kDuplicateUnit, is_duplicate(view));
  turn.set_alarm(Alarm::kVersionSkew, !versions_overlap(turn.state));
  turn.set_alarm(Alarm::kTimersDiffer, timers_differ(view) && !silent);
  turn.set_alarm(Alarm::kForeignClaim, turn.now - turn.state.foreign_at < turn.timers().boot_hold);
  turn.set_alarm(Alarm::kHeld, is_held(view));
  turn.set_alarm(Alarm::kEpochShort,
                 !turn.holds() && !turn.rules().is_reserved(view, turn.rules().mint(view)));
}

}  // namespace yoke::pair
