// SPDX-License-Identifier: Apache-2.0
// Commits typed on the standby: made by the writer, who says what became of them.
#include <utility>

#include "mgmt/replication/turn.h"

namespace yoke::replication {
namespace {

void answer(Turn& turn, CarryAnswer::How how, std::string body) {
  const Carrying carrying = *std::exchange(turn.state.carrying, std::nullopt);
  turn.outgoing(Stream::kCarried) = Outgoing{};
  turn.actions.emplace_back(CarryAnswer{carrying.number, how, std::move(body)});
}

}  // namespace

void take(Turn& turn, const Carry& carry) {
  State& state = turn.state;
  const bool taken = !state.carrying && turn.peer_is_there() && state.peer.hello->writer;
  if (!taken) {
    turn.actions.emplace_back(CarryAnswer{carry.number, CarryAnswer::How::kRefused, {}});
    return;
  }
  state.carrying = Carrying{carry.number, ++state.carries, state.peer.boot,
                            turn.now + turn.timers().carry_patience};
  state.next_retry = turn.now + turn.timers().retry;
  turn.send_body(Stream::kCarried, state.carries, carry.body);
}

void settle_carrying(Turn& turn) {
  if (!turn.state.carrying) return;
  if (turn.rules().gives_up_carrying(turn.view())) answer(turn, CarryAnswer::How::kUnknown, {});
}

// On the writer. Once only, however often it is asked for.
void take_carried(Turn& turn) {
  State& state = turn.state;
  Intake& intake = turn.intake(Stream::kCarried);
  if (!intake.complete() || !intake.asked) return;
  intake.asked = false;
  if (!turn.rules().takes_carried(turn.view(), intake.number)) {
    turn.send_part(Stream::kOutcome, intake.number, 0);  // nothing, of one before the newest
    return;
  }
  state.peer.carried = intake.number;
  turn.outgoing(Stream::kOutcome) = Outgoing{};
  if (state.writer) {
    turn.actions.emplace_back(Carried{state.peer.boot, intake.number, intake.body});
  } else {
    turn.send_body(Stream::kOutcome, intake.number, {});
  }
}

void take(Turn& turn, const CarriedDone& done) {
  if (done.boot == turn.state.peer.boot && done.number == turn.state.peer.carried) {
    turn.send_body(Stream::kOutcome, done.number, done.body);
  }
}

void take_outcome(Turn& turn) {
  Intake& intake = turn.intake(Stream::kOutcome);
  if (!intake.complete() || !intake.asked) return;
  intake.asked = false;
  const auto& carrying = turn.state.carrying;
  if (!carrying || carrying->sent_as != intake.number) return;
  const bool taken = !intake.body.empty();
  answer(turn, taken ? CarryAnswer::How::kAnswered : CarryAnswer::How::kRefused,
         std::string(intake.body));
}

}  // namespace yoke::replication
