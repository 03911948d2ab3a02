// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/rules.h"

#include <algorithm>
#include <tuple>

namespace yoke::pair {
namespace {

Unit peer_unit(const View& view) noexcept {
  return view.setup.config.unit == Unit::kA ? Unit::kB : Unit::kA;
}

bool is_strict(const View& view) noexcept { return view.setup.config.policy == Policy::kStrict; }

// ---- the lease ---------------------------------------------------------------------------------

bool lease_holds(const View& view) { return view.now < view.state.lease.until; }

// What was sent under other timers has been promised for by those.
bool ack_renews(const View& view, const Ack& ack) {
  return ack.epoch == view.state.lease.epoch && own_time(ack.echo) >= view.state.timers_at;
}

MonoTime granted_until(const View& view, MonoTime sent) { return sent + view.setup.timers.lease; }

Span dead(const View& view) { return std::max(view.setup.timers.dead, view.state.peer.dead); }

// It is there, holds nothing, and says that it cannot. Once it can, it waits `dead` before it
// claims, which is longer than whatever is renewed on its word.
bool says_it_cannot(const View& view) {
  const auto& peer = view.state.peer;
  return view.now - peer.heard_at < view.setup.rules->dead(view) && peer.newest != 0 &&
         !is_holder(peer.role) && peer.role != Role::kCandidate && peer.role != Role::kHandoffIn &&
         (!peer.rank.eligible || peer.role == Role::kMaintenance);
}

// Before it lapses, never after: what lapses here may have been claimed there. A peer that is heard
// and does not acknowledge does not hear us, and takes over once the lease is out. A lease that was
// acknowledged last is left alone until it nears its end, which gives a late Ack its chance.
bool may_renew_alone(const View& view) {
  const auto& state = view.state;
  const auto& timers = view.setup.timers;
  const bool nearly_out = state.lease.until - view.now < timers.heartbeat * 3 / 2;
  const bool silent = view.setup.rules->is_silent(view, timers.heartbeat * 3 / 2);
  const bool unopposed =
      is_strict(view) ? silent && state.tracking.witness : silent || says_it_cannot(view);
  return view.now < state.lease.until && (nearly_out || state.role == Role::kAlone) && unopposed &&
         state.tracking.data_link && state.tracking.able;
}

bool yields_to(const View& view, Epoch other) { return other > view.state.lease.epoch; }

bool should_probe_alone(const View& view) {
  return view.now - view.state.acked_at > view.setup.timers.heartbeat * 3 / 2;
}

// ---- what is believed --------------------------------------------------------------------------

bool is_fresh(const View& view, const Heartbeat& heartbeat) {
  return heartbeat.seq > view.state.peer.newest;
}

bool is_silent(const View& view, Span span) { return view.now - view.state.peer.heard_at >= span; }

bool frees_promise(const View& view, const Resign& resign) {
  return resign.epoch == view.state.promise.epoch;
}

bool may_end_wait(const View& view) { return view.now < view.state.promise.until; }

// ---- becoming a candidate ----------------------------------------------------------------------

bool promise_over(const View& view) { return view.now >= view.state.promise.until; }

bool may_stand(const View& view) {
  const auto& state = view.state;
  const bool silent = view.setup.rules->is_silent(view, view.setup.rules->dead(view));
  const bool able = peer_is_able(view);
  if (!state.tracking.data_link || !state.tracking.able || is_duplicate(view)) return false;
  if (is_cut_off(view)) return false;
  if (state.maintenance && !(view.setup.config.last_man && silent)) return false;
  if (is_held(view) && able) return false;
  if (!state.tracking.ready && able && state.peer.rank.ready) return false;
  if (is_strict(view) && silent && !state.tracking.witness) return false;
  return view.setup.rules->is_reserved(view, view.setup.rules->mint(view));
}

bool is_outranked(const View& view) {
  return peer_is_able(view) &&
         outranks(view.state.peer.rank, peer_unit(view), own_rank(view), view.setup.config.unit);
}

bool gives_way(const View& view, const Rank& other) {
  return outranks(other, peer_unit(view), view.state.candidacy.rank, view.setup.config.unit);
}

bool answer_stops(const View& /*view*/) { return true; }

// ---- claiming ----------------------------------------------------------------------------------

Epoch mint(const View& view) {
  const Epoch highest = std::max(view.state.seen, view.state.floor);
  if (view.state.proposed > view.state.floor && view.state.proposed >= highest) {
    return view.state.proposed;
  }
  return (((highest >> 1) + 1) << 1) | static_cast<Epoch>(view.setup.config.unit);
}

bool is_reserved(const View& view, Epoch epoch) { return epoch <= view.state.reserved; }

// For how long a peer that has just let go may still send. Alike timers have a round of probes
// outlast it (timers.h); of others it is known that their `dead` allows for it.
Span peers_burst(const View& view) {
  const auto& peer = view.state.peer;
  if (!view.state.met) return kLongestBurst;
  return timers_differ(view) ? std::max(peer.dead - peer.lease, Span::zero()) : Span::zero();
}

// An answer that came while nobody looked is still in the queue: a late look does not count. Nor
// may there be time for another to ask and claim between the last probe and the claim.
bool has_probed(const View& view) {
  const auto& candidacy = view.state.candidacy;
  const auto& timers = view.setup.timers;
  const Span waited = view.now - candidacy.probed_at;
  return candidacy.probes >= timers.probes && waited >= timers.probe_wait &&
         waited <= 2 * timers.probe_wait && view.now - candidacy.since >= peers_burst(view);
}

Reason right_to_claim(const View& view) {
  const auto& state = view.state;
  const bool silent = view.setup.rules->is_silent(view, view.setup.rules->dead(view));
  if (state.candidacy.granted_until > view.now + view.setup.timers.heartbeat) {
    return Reason::kGranted;
  }
  if (is_strict(view)) {
    return silent && state.tracking.witness ? Reason::kNoAnswer : Reason::kNone;
  }
  if (silent) return Reason::kNoAnswer;
  return says_it_cannot(view) ? Reason::kPeerUnable : Reason::kNone;
}

// ---- handing over ------------------------------------------------------------------------------

bool may_prepare(const View& view, const HandoffPrepare& prepare) {
  const auto& state = view.state;
  return (state.role == Role::kStandby || state.role == Role::kHandoffIn) && state.tracking.ready &&
         state.tracking.data_link && state.tracking.able && prepare.epoch == state.seen &&
         versions_overlap(state) && !timers_differ(view) && !is_cut_off(view) &&
         view.setup.rules->is_reserved(view, view.setup.rules->mint(view));
}

// The giver waits longer than this before it may claim again.
bool go_is_valid(const View& view, const HandoffGo& go) {
  const auto& state = view.state;
  const Span age = view.now - own_time(go.echo);
  return state.role == Role::kHandoffIn && go.epoch == state.handoff.epoch &&
         go.epoch >= state.seen && own_time(go.echo) >= state.handoff.began &&
         age >= Span::zero() && age <= view.setup.rules->dead(view) &&
         view.setup.rules->is_reserved(view, view.setup.rules->mint(view));
}

bool is_quiet(const View& view, const Quiet& quiet) {
  const auto& handoff = view.state.handoff;
  return handoff.phase == Handoff::Phase::kGone && quiet.epoch == handoff.epoch;
}

// A worker that looked at the lease just before it was taken back sends for a burst. Where the data
// plane says when all have looked since, one that has not may stand still with frames in hand: it
// is waited for as long as Go still has time to reach the taker, who would then begin by itself.
MonoTime go_anyway_at(const View& view) {
  const auto& handoff = view.state.handoff;
  const MonoTime usual = handoff.gone_at + view.setup.timers.burst;
  if (!view.state.tracking.tells_quiet) return usual;
  return std::max(usual, handoff.ready_at + view.setup.rules->dead(view) * 3 / 4);
}

bool may_say_go(const View& view) {
  return view.state.handoff.quiet || view.now >= view.setup.rules->go_anyway_at(view);
}

}  // namespace

const Rules kRules{
    .lease_holds = lease_holds,
    .ack_renews = ack_renews,
    .granted_until = granted_until,
    .may_renew_alone = may_renew_alone,
    .yields_to = yields_to,
    .should_probe_alone = should_probe_alone,
    .dead = dead,
    .is_fresh = is_fresh,
    .is_silent = is_silent,
    .frees_promise = frees_promise,
    .may_end_wait = may_end_wait,
    .promise_over = promise_over,
    .may_stand = may_stand,
    .is_outranked = is_outranked,
    .gives_way = gives_way,
    .answer_stops = answer_stops,
    .mint = mint,
    .is_reserved = is_reserved,
    .has_probed = has_probed,
    .right_to_claim = right_to_claim,
    .may_prepare = may_prepare,
    .go_is_valid = go_is_valid,
    .is_quiet = is_quiet,
    .may_say_go = may_say_go,
    .go_anyway_at = go_anyway_at,
};

bool peer_is_able(const View& view) noexcept {
  const auto& peer = view.state.peer;
  const bool aside = peer.role == Role::kInit || peer.role == Role::kMaintenance ||
                     peer.role == Role::kNotEligible || peer.role == Role::kHeld;
  return view.now - peer.heard_at < view.setup.rules->dead(view) && peer.rank.eligible && !aside;
}

bool outranks(const Rank& other, Unit other_unit, const Rank& self, Unit self_unit) noexcept {
  const auto order = [](const Rank& rank) {
    return std::tuple(rank.eligible, rank.ready, rank.config.epoch, rank.config.revision,
                      rank.health, rank.priority);
  };
  if (order(other) != order(self)) return order(other) > order(self);
  return other_unit < self_unit;
}

Rank own_rank(const View& view) noexcept {
  const auto& tracking = view.state.tracking;
  return Rank{
      .eligible = tracking.data_link && tracking.able && !is_duplicate(view) && !is_cut_off(view),
      .ready = tracking.ready,
      .health = tracking.health,
      .priority = view.setup.config.priority,
      .config = tracking.config};
}

bool is_duplicate(const View& view) noexcept {
  return view.now - view.state.duplicate_at < view.setup.timers.boot_hold;
}

bool is_held(const View& view) noexcept { return view.now < view.state.held_until; }

bool is_cut_off(const View& view) noexcept {
  return view.state.cut_off && is_two_way(view, Channel::kDedicated);
}

bool is_two_way(const View& view, Channel channel) noexcept {
  const auto& seen = view.state.peer.channels[static_cast<std::size_t>(channel)];
  const Span recent = 3 * slower_pace(view);
  return view.now - seen.heard_at <= recent && view.now - seen.echoed_at <= recent;
}

bool versions_overlap(const State& state) noexcept {
  return state.peer.version_min <= kVersionMax && state.peer.version_max >= kVersionMin;
}

bool timers_differ(const View& view) noexcept {
  const auto& peer = view.state.peer;
  const auto& timers = view.setup.timers;
  return peer.pace != Span::zero() && (peer.pace != timers.heartbeat || peer.lease != timers.lease);
}

Span slower_pace(const View& view) noexcept {
  return std::max(view.setup.timers.heartbeat, view.state.peer.pace);
}

}  // namespace yoke::pair
