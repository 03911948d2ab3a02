// SPDX-License-Identifier: Apache-2.0
#include "mgmt/replication/replicator.h"

#include <algorithm>
#include <utility>

#include "mgmt/replication/rules.h"
#include "mgmt/replication/turn.h"

namespace yoke::replication {
namespace {

void take(Turn& turn, const Start& start) {
  State& state = turn.state;
  state = State{};
  state.boot = start.boot;
  state.chain = start.chain;
  state.tentative = start.tentative;
  state.epoch = state.tip().epoch;
  if (start.tentative)
    state.epoch = std::max(state.epoch, start.tentative->revision.position.epoch);
  turn.set_alarm(Alarm::kUnreplicated, start.unreplicated);
  turn.say_hello();
}

void take(Turn& turn, const Tick&) {
  State& state = turn.state;
  if (turn.now >= state.next_hello) turn.say_hello();
  if (turn.now < state.next_retry) return;
  state.next_retry = turn.now + turn.timers().retry;
  if (state.own && !state.own->accepted) turn.send_part(Stream::kPrepare, state.own->attempt, 0);
  if (state.carrying) turn.send_part(Stream::kCarried, state.carrying->sent_as, 0);
  ask_again(turn);
}

void take(Turn& turn, const Elected& elected) {
  State& state = turn.state;
  const bool changed = state.writer != elected.writer;
  state.writer = elected.writer;
  state.epoch = std::max(state.epoch, elected.epoch);
  if (!state.writer && state.own && !state.own->accepted && !state.is_committing()) {
    end_own(turn, Outcome::kUnknown, Reason::kNotWriter);
  }
  if (changed) turn.say_hello();
}

// The one before it is no more. (A letter may be late, and its sender gone: only who answers what
// was just asked lives.)
bool meet(Turn& turn, const Letter& letter, const Hello& hello) {
  State& state = turn.state;
  if (letter.from == state.peer.boot) return letter.to == state.boot;
  Stranger& stranger = state.stranger;
  if (stranger.boot != letter.from) stranger = Stranger{letter.from, state.hello_seq + 1, 0};
  stranger.heard = std::max(stranger.heard, hello.seq);
  if (letter.to != state.boot || hello.echo < stranger.asked) {
    turn.say_hello_to(letter.from);
    return false;
  }
  stranger = Stranger{};
  state.peer = PeerView{};
  state.peer.boot = letter.from;
  state.intake = {};
  turn.outgoing(Stream::kSupply) = turn.outgoing(Stream::kOutcome) = Outgoing{};
  state.look.reset();
  state.fetch.reset();
  state.outweighed.reset();
  return true;
}

void take(Turn& turn, const Hello& hello) {
  State& state = turn.state;
  if (state.peer.hello && hello.seq <= state.peer.hello->seq) return;
  const bool first = !state.peer.hello;
  state.peer.hello = hello;
  state.peer.heard_at = turn.now;
  state.epoch = std::max({state.epoch, hello.epoch, hello.tip.epoch});
  if (first) turn.say_hello();
  if (hello.tip == state.tip()) turn.set_alarm(Alarm::kUnreplicated, false);
}

void take(Turn& turn, const Part& part) {
  const bool awaited = part.stream != Stream::kSupply ||
                       (turn.state.fetch && turn.state.fetch->number == part.number);
  if (!awaited || !turn.intake(part.stream).take(part)) return;
  const Intake& intake = turn.intake(part.stream);
  if (!intake.complete()) turn.tell(More{part.stream, part.number, intake.body.size()});
}

void take(Turn& turn, const More& more) { turn.send_part(more.stream, more.number, more.offset); }

void take(Turn& turn, const Committed& committed) { turn.state.confirmed = committed.hash; }

void take(Turn& turn, const Heard& heard) {
  const Letter& letter = heard.letter;
  State& state = turn.state;
  if (letter.from == 0 || letter.from == state.boot) return;
  const auto* hello = std::get_if<Hello>(&letter.message);
  if (hello != nullptr && !meet(turn, letter, *hello)) return;
  if (!turn.rules().is_for_us(turn.view(), letter)) return;
  if (hello == nullptr && !state.peer.hello) return;
  state.peer.heard_at = turn.now;
  std::visit([&](const auto& message) { take(turn, message); }, letter.message);
}

void take(Turn& turn, const Persisted& persisted_event) {
  if (!turn.state.busy) return;
  const Task task = std::move(*turn.state.busy);
  turn.state.busy.reset();
  std::visit([&](const auto& what) { persisted(turn, what, persisted_event.done); }, task);
}

// What the state asks for by now, whatever led to it.
void settle(Turn& turn) {
  take_outcome(turn);
  settle_carrying(turn);
  take_carried(turn);
  settle_own(turn);
  if (turn.state.busy || turn.now < turn.state.store_rests) return;
  settle_tentative(turn);
  if (!turn.state.busy) take_supply(turn);
  if (!turn.state.busy) take_proposal(turn);
  if (!turn.state.busy) fetch_if_behind(turn);
}

}  // namespace

void Turn::say_hello_to(std::uint64_t boot) {
  std::uint64_t echo = boot == state.stranger.boot ? state.stranger.heard : 0;
  if (boot == state.peer.boot && state.peer.hello) echo = state.peer.hello->seq;
  const Hello hello{++state.hello_seq, state.tip(), state.writer, state.epoch,
                    setup.schema,      state.floor, echo};
  actions.emplace_back(Send{{state.boot, boot, hello}});
  state.next_hello = now + timers().hello;
}

void Turn::send_body(Stream stream, std::uint64_t number, std::string body) {
  outgoing(stream) = Outgoing{number, std::move(body)};
  send_part(stream, number, 0);
}

void Turn::send_part(Stream stream, std::uint64_t number, std::uint64_t offset) {
  const Outgoing& out = outgoing(stream);
  if (out.number != number) return;
  if (auto part = out.part(stream, offset)) tell(std::move(*part));
}

void Turn::persist(Task task) {
  state.busy = task;
  actions.emplace_back(Persist{std::move(task)});
}

void Turn::set_alarm(Alarm alarm, bool on) {
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(alarm));
  if (((state.alarms & bit) != 0) == on) return;
  state.alarms ^= bit;
  actions.emplace_back(AlarmChange{alarm, on});
}

void Turn::rest_store() { state.store_rests = now + timers().hello; }

void moved_to(Turn& turn, const Position& tip) {
  State& state = turn.state;
  state.chain.push_back(tip);
  state.epoch = std::max(state.epoch, tip.epoch);
  state.tentative.reset();
  state.fetch.reset();
  state.outweighed.reset();
  turn.set_alarm(Alarm::kCannotFollow, false);
  if (state.peer.hello && state.peer.hello->tip == tip) {
    turn.set_alarm(Alarm::kUnreplicated, false);
  }
  turn.say_hello();
}

Actions step(const Setup& setup, State& state, const Event& event, MonoTime now) {
  Actions actions;
  Turn turn{setup, state, now, actions};
  std::visit([&](const auto& what) { take(turn, what); }, event);
  settle(turn);
  return actions;
}

MonoTime wake_at(const Setup&, const State& state) noexcept {
  MonoTime wake = state.next_hello;
  const bool waits = (state.own && !state.own->accepted) || state.carrying || state.fetch;
  if (waits) wake = std::min(wake, state.next_retry);
  if (state.own && !state.own->accepted) wake = std::min(wake, state.own->deadline);
  return wake;
}

bool is_in_sync(const Setup& setup, const State& state, MonoTime now) noexcept {
  return peer_is_there({setup, state, now}) && !state.tentative &&
         state.peer.hello->tip == state.tip();
}

}  // namespace yoke::replication
