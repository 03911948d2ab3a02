// SPDX-License-Identifier: Apache-2.0
// The writer's own commits: to the standby's disk first, then here.
#include <utility>

#include "mgmt/replication/codec.h"
#include "mgmt/replication/turn.h"

namespace yoke::replication {

void take(Turn& turn, const Commit& commit) {
  State& state = turn.state;
  const auto reason = turn.rules().why_not_commit(turn.view(), commit.revision);
  if (reason != Reason::kNone) {
    turn.actions.emplace_back(Answer{commit.number, Outcome::kRefused, reason});
    return;
  }
  const bool there = turn.peer_is_there();
  if (!there && turn.setup.alone == Alone::kRefuse) {
    turn.actions.emplace_back(Answer{commit.number, Outcome::kRefused, Reason::kAlone});
    return;
  }
  state.own = OwnCommit{commit.number,
                        ++state.attempts,
                        commit.revision,
                        turn.now + turn.timers().patience,
                        there,
                        false,
                        false};
  state.next_retry = turn.now + turn.timers().retry;
  const Proposal proposal{commit.revision.position.epoch, commit.revision};
  if (there) turn.send_body(Stream::kPrepare, state.attempts, encode(proposal));
}

void take(Turn& turn, const Accepted& accepted) {
  if (turn.rules().is_accepted(turn.view(), accepted)) turn.state.own->accepted = true;
}

// One that is behind catches up, and is asked again.
void take(Turn& turn, const Declined& declined) {
  auto& own = turn.state.own;
  if (!own || own->attempt != declined.attempt || own->accepted || turn.state.is_committing())
    return;
  if (declined.why == Objection::kStaleEpoch) end_own(turn, Outcome::kUnknown, Reason::kStaleEpoch);
  if (declined.why == Objection::kSchema) own->deadline = turn.now;
}

// It is not made here. What was sent may nevertheless be on the standby's disk: the floor tells it.
void end_own(Turn& turn, Outcome outcome, Reason reason) {
  State& state = turn.state;
  const OwnCommit own = std::move(*state.own);
  state.own.reset();
  state.floor = own.attempt + 1;
  turn.outgoing(Stream::kPrepare) = Outgoing{};
  turn.actions.emplace_back(Answer{own.number, own.sent ? outcome : Outcome::kRefused, reason});
  turn.say_hello();
}

void settle_own(Turn& turn) {
  State& state = turn.state;
  if (!state.own || state.busy) return;
  if (!state.own->accepted) {
    if (peer_is_ahead(turn.view())) {
      end_own(turn, Outcome::kUnknown, Reason::kCatchingUp);
      return;
    }
    const bool late = turn.now >= state.own->deadline || !turn.peer_is_there();
    if (!late) return;
    if (!turn.rules().goes_alone(turn.view())) {
      end_own(turn, Outcome::kUnknown, Reason::kAlone);
      return;
    }
    state.own->alone = true;
  }
  turn.persist(CommitOwn{state.own->number, !state.own->alone});
}

void persisted(Turn& turn, const CommitOwn& task, bool done) {
  State& state = turn.state;
  if (!state.own) return;
  if (!done) {
    end_own(turn, Outcome::kUnknown, Reason::kDisk);
    turn.rest_store();
    return;
  }
  const OwnCommit own = std::move(*state.own);
  state.own.reset();
  state.floor = own.attempt + 1;
  turn.outgoing(Stream::kPrepare) = Outgoing{};
  if (!task.replicated) turn.set_alarm(Alarm::kUnreplicated, true);
  turn.tell(Committed{own.revision.position.hash});
  moved_to(turn, own.revision.position);
  turn.actions.emplace_back(
      Answer{task.number, task.replicated ? Outcome::kReplicated : Outcome::kAlone, Reason::kNone});
}

}  // namespace yoke::replication
