// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/turn.h"

// Neither holder nor candidate: which of the waiting roles a unit has, and the wait at its start.
namespace yoke::pair {
namespace {

Role fitting_role(const View& view) {
  const auto& state = view.state;
  if (state.maintenance) return Role::kMaintenance;
  if (!own_rank(view).eligible) return Role::kNotEligible;
  if (is_held(view)) return Role::kHeld;
  return state.tracking.ready ? Role::kStandby : Role::kSyncing;
}

// Why a unit that was in `from` fits elsewhere now.
Reason why_it_fits(const View& view, Role from, Role to) {
  if (to == Role::kMaintenance) return Reason::kMaintenance;
  if (to == Role::kHeld) return Reason::kFlapping;
  if (to == Role::kNotEligible) {
    if (is_duplicate(view)) return Reason::kDuplicateUnit;
    if (!view.state.tracking.data_link) return Reason::kDataLinkDown;
    return view.state.tracking.able ? Reason::kDataCutOff : Reason::kTrackingFailed;
  }
  if (from == Role::kMaintenance) return Reason::kResumed;
  if (from == Role::kNotEligible) return Reason::kTrackingWell;
  if (from == Role::kHeld) return Reason::kFlapOver;
  return to == Role::kStandby ? Reason::kInSync : Reason::kNotInSync;
}

}  // namespace

void rest(Turn& turn, Reason reason) { turn.change_role(fitting_role(turn.view()), reason); }

void settle_rest(Turn& turn) {
  auto& state = turn.state;
  const Role from = state.role;
  const Role to = fitting_role(turn.view());
  const bool taking = from == Role::kHandoffIn;
  if (to == from || (taking && to == Role::kStandby)) return;
  // Who was out of it has not looked who else might claim.
  if (from == Role::kNotEligible || from == Role::kMaintenance) {
    state.stand_at = std::max(state.stand_at, turn.now + turn.dead());
  }
  turn.change_role(to, why_it_fits(turn.view(), from, to));
}

void listen(Turn& turn) {
  auto& state = turn.state;
  const bool heard = turn.now - state.peer.heard_at < turn.dead();
  Reason why = Reason::kNone;
  if (heard && is_holder(state.peer.role)) {
    why = Reason::kPeerHolds;
  } else if (turn.now >= state.listen_until) {
    why = Reason::kHoldOver;
  } else if (heard && turn.now >= state.listen_least) {
    why = Reason::kPeerFound;
  }
  if (why == Reason::kNone) return;
  state.stand_at = std::max(state.stand_at, turn.now);  // a candidate may have been heard
  rest(turn, why);
}

}  // namespace yoke::pair
