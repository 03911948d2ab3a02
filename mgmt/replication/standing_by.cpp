// SPDX-License-Identifier: Apache-2.0
// What the writer proposes: on this unit's disk before it is answered, and kept until it is known
// what became of it.
#include <algorithm>
#include <utility>

#include "mgmt/replication/codec.h"
#include "mgmt/replication/turn.h"

namespace yoke::replication {

void settle_tentative(Turn& turn) {
  if (!turn.state.tentative) return;
  if (turn.rules().keeps_tentative(turn.view())) {
    turn.persist(FinishTentative{});
  } else if (turn.rules().drops_tentative(turn.view())) {
    turn.persist(DropTentative{});
  }
}

void take_proposal(Turn& turn) {
  State& state = turn.state;
  Intake& intake = turn.intake(Stream::kPrepare);
  if (!intake.complete() || !intake.asked || state.own) return;
  intake.asked = false;
  if (intake.number < state.peer.hello->floor) return;  // over
  const auto proposal = decode_proposal(intake.body);
  if (!proposal) return;
  const Tentative tentative{proposal->revision, state.peer.boot, intake.number};
  const Position& position = tentative.revision.position;
  if (state.tentative == tentative || turn.rules().contains(turn.view(), position)) {
    turn.tell(Accepted{intake.number, position.hash});
    return;
  }
  if (const auto objection = turn.rules().objection(turn.view(), *proposal)) {
    turn.tell(Declined{intake.number, *objection});
    return;
  }
  turn.persist(KeepTentative{tentative});
}

void persisted(Turn& turn, const KeepTentative& task, bool done) {
  const Tentative& tentative = task.tentative;
  if (!done) {
    turn.rest_store();
    if (tentative.boot == turn.state.peer.boot) {
      turn.tell(Declined{tentative.attempt, Objection::kStore});
    }
    return;
  }
  turn.state.tentative = tentative;
  turn.state.epoch = std::max(turn.state.epoch, tentative.revision.position.epoch);
  if (tentative.boot == turn.state.peer.boot) {
    turn.tell(Accepted{tentative.attempt, tentative.revision.position.hash});
  }
}

void persisted(Turn& turn, const DropTentative&, bool done) {
  if (!done) {
    turn.rest_store();
    return;
  }
  turn.state.tentative.reset();
}

void persisted(Turn& turn, const FinishTentative&, bool done) {
  if (!done) {
    turn.rest_store();
    return;
  }
  moved_to(turn, Position(turn.state.tentative->revision.position));
}

}  // namespace yoke::replication
