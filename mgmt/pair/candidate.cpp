// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/turn.h"

// From "nobody seems to hold it" to a claim, or back.
namespace yoke::pair {
namespace {

bool is_resting(Role role) {
  return role == Role::kSyncing || role == Role::kStandby || role == Role::kMaintenance ||
         role == Role::kNotEligible || role == Role::kHeld;
}

void probe(Turn& turn) {
  auto& candidacy = turn.state.candidacy;
  const auto& timers = turn.timers();
  turn.tell_vips(Probe{turn.setup.config.group, false, candidacy.epoch, candidacy.rank});
  ++candidacy.probes;
  candidacy.probed_at = turn.now;
  candidacy.next_probe =
      turn.now + (candidacy.probes < timers.probes ? timers.probe_gap : 2 * timers.probe_wait);
}

void begin(Turn& turn, Reason why) {
  turn.state.candidacy = Candidacy{.epoch = turn.rules().mint(turn.view()),
                                   .rank = own_rank(turn.view()),
                                   .why = why,
                                   .since = turn.now,
                                   .probes = 0,
                                   .probed_at = kLongAgo,
                                   .next_probe = turn.now,
                                   .granted_until = kLongAgo};
  turn.state.proposed = turn.state.candidacy.epoch;
}

Reason why_now(const Turn& turn) {
  const auto& state = turn.state;
  if (state.resigned != 0 && state.resigned == state.seen) return Reason::kPeerResigned;
  return turn.rules().is_silent(turn.view(), turn.dead()) ? Reason::kPeerSilent
                                                          : Reason::kNobodyHolds;
}

}  // namespace

void stand_if_due(Turn& turn) {
  auto& state = turn.state;
  if (!is_resting(state.role) || turn.now < state.stand_at) return;
  if (!turn.rules().promise_over(turn.view())) return;
  // The better one goes first; if it does not, something is wrong with it.
  const MonoTime due = std::max(state.stand_at, state.promise.until);
  if (turn.rules().is_outranked(turn.view()) && turn.now < due + turn.dead()) return;
  if (!turn.rules().may_stand(turn.view())) return;
  const Reason why = why_now(turn);
  begin(turn, why);
  turn.change_role(Role::kCandidate, why);
  keep_asking(turn);
}

void keep_asking(Turn& turn) {
  auto& state = turn.state;
  if (!turn.rules().may_stand(turn.view())) {
    back_off(turn, Reason::kTrackingFailed);
    return;
  }
  if (state.candidacy.epoch != turn.rules().mint(turn.view())) begin(turn, state.candidacy.why);
  if (turn.rules().has_probed(turn.view())) {
    const Reason right = turn.rules().right_to_claim(turn.view());
    if (right != Reason::kNone) {
      claim(turn, right,
            right == Reason::kGranted ? state.candidacy.granted_until
                                      : turn.now + turn.timers().lease);
      return;
    }
    if (turn.now - state.candidacy.since >= 2 * turn.dead()) {
      back_off(turn, Reason::kNoGrant);
      return;
    }
  }
  if (turn.now >= state.candidacy.next_probe) probe(turn);
}

void back_off(Turn& turn, Reason reason) {
  turn.state.candidacy = Candidacy{};
  turn.state.stand_at = turn.now + turn.dead();
  rest(turn, reason);
}

void take_grant(Turn& turn, const Ack& ack) {
  auto& candidacy = turn.state.candidacy;
  const MonoTime sent = own_time(ack.echo);
  if (ack.epoch != candidacy.epoch || sent > turn.now) return;
  if (sent < candidacy.since || sent < turn.state.timers_at) return;
  candidacy.granted_until =
      std::max(candidacy.granted_until, turn.rules().granted_until(turn.view(), sent));
}

void meet_candidate(Turn& turn, const Rank& rank) {
  if (turn.rules().gives_way(turn.view(), rank)) {
    back_off(turn, Reason::kOutranked);
  } else {
    turn.heartbeat_soon();  // so that the other gives way
  }
}

}  // namespace yoke::pair
