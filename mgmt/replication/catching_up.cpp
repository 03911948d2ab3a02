// SPDX-License-Identifier: Apache-2.0
// What the other unit has and this one has not: revision by revision, or all at once; and what is
// done where both have what the other has not.
#include <algorithm>
#include <utility>

#include "mgmt/replication/codec.h"
#include "mgmt/replication/turn.h"

namespace yoke::replication {
namespace {

// Beyond that many revisions all at once is less work.
constexpr std::uint64_t kMostByRevision = 64;

// The newest revision that both keep; 0 where there is none.
std::uint64_t common(const State& state, const std::vector<Mark>& marks) {
  std::uint64_t newest = 0;
  for (const Mark& mark : marks) {
    const auto same = [&](const Position& at) {
      return at.revision == mark.revision && at.hash == mark.hash;
    };
    if (mark.revision > newest && std::ranges::any_of(state.chain, same)) newest = mark.revision;
  }
  return newest;
}

// One by one, where nothing is missing between.
bool goes_by_revision(const Turn& turn, const Position& from) {
  const State& state = turn.state;
  if (state.peer.hello->schema != turn.setup.schema) return false;
  if (state.tip().revision - from.revision > kMostByRevision) return false;
  return std::ranges::any_of(state.chain,
                             [&](const Position& at) { return at.revision == from.revision + 1; });
}

void ask(Turn& turn, bool whole) {
  State& state = turn.state;
  state.fetch = Fetch{++state.wants, state.tip(), whole};
  state.next_retry = turn.now + turn.timers().retry;
  turn.tell(Want{state.fetch->number, state.fetch->from, whole});
}

}  // namespace

void take(Turn& turn, const Want& want) {
  State& state = turn.state;
  const bool known = turn.rules().contains(turn.view(), want.from);
  if (!known && !want.whole) {
    turn.tell(Diverged{want.number, state.tip()});
    return;
  }
  if (known && !want.whole && want.from == state.tip()) return;
  if (turn.outgoing(Stream::kSupply).number == want.number) {
    turn.send_part(Stream::kSupply, want.number, 0);
    return;
  }
  if (state.look) return;  // asked again in a moment
  const bool whole = want.whole || !goes_by_revision(turn, want.from);
  state.look = Want{want.number, want.from, whole};
  turn.actions.emplace_back(Look{++state.looks, want.from, whole});
}

void take(Turn& turn, const Found& found) {
  if (!turn.state.look || found.number != turn.state.looks) return;
  const Want want = *std::exchange(turn.state.look, std::nullopt);
  if (!found.body.empty()) turn.send_body(Stream::kSupply, want.number, found.body);
}

void take(Turn& turn, const Diverged& diverged) {
  State& state = turn.state;
  if (!turn.rules().is_awaited(turn.view(), diverged.number) || state.busy) return;
  if (state.tentative) {  // a part of this history, whatever becomes of that
    turn.persist(FinishTentative{});
    return;
  }
  if (turn.rules().gives_way(turn.view(), diverged.tip)) {
    ask(turn, true);
    return;
  }
  state.outweighed = diverged.tip;
  state.fetch.reset();
}

void take_supply(Turn& turn) {
  State& state = turn.state;
  Intake& intake = turn.intake(Stream::kSupply);
  if (!intake.complete() || !intake.asked) return;
  intake.asked = false;
  if (!turn.rules().is_awaited(turn.view(), intake.number)) return;
  auto supply = decode_supply(intake.body);
  if (!supply) return;
  if (auto* revision = std::get_if<Revision>(&*supply)) {
    if (turn.rules().fits(turn.view(), *revision)) {
      turn.persist(Append{std::move(*revision)});
    } else {
      state.fetch.reset();
    }
    return;
  }
  auto& snapshot = std::get<Snapshot>(*supply);
  if (turn.rules().contains(turn.view(), snapshot.position)) {  // asked for before it was
    state.fetch.reset();
    return;
  }
  const std::uint64_t shared = common(state, snapshot.marks);
  const bool loses = shared < state.tip().revision;
  if (loses && !(state.fetch->whole && turn.rules().gives_way(turn.view(), snapshot.position))) {
    state.fetch.reset();
    return;
  }
  const bool as_branch = turn.rules().keeps_branch(turn.view(), shared);
  turn.persist(Adopt{std::move(snapshot), shared, as_branch});
}

void fetch_if_behind(Turn& turn) {
  State& state = turn.state;
  if (!peer_is_ahead(turn.view())) {
    state.fetch.reset();
    return;
  }
  const bool asked = state.fetch && state.fetch->from == state.tip();
  if (asked || state.own || state.outweighed == state.peer.hello->tip) return;
  ask(turn, state.fetch_whole);
}

void ask_again(Turn& turn) {
  State& state = turn.state;
  if (!state.fetch || state.busy) return;
  const Intake& intake = turn.intake(Stream::kSupply);
  if (intake.number == state.fetch->number && !intake.complete()) {
    turn.tell(More{Stream::kSupply, intake.number, intake.body.size()});
  } else {
    turn.tell(Want{state.fetch->number, state.fetch->from, state.fetch->whole});
  }
}

void persisted(Turn& turn, const Append& task, bool done) {
  turn.state.fetch.reset();
  turn.state.fetch_whole = !done;
  if (done) {
    moved_to(turn, task.revision.position);
  } else {
    turn.rest_store();
  }
}

void persisted(Turn& turn, const Adopt& task, bool done) {
  State& state = turn.state;
  state.fetch.reset();
  if (!done) {
    turn.set_alarm(Alarm::kCannotFollow, true);
    turn.rest_store();
    return;
  }
  state.fetch_whole = false;
  std::erase_if(state.chain, [&](const Position& at) { return at.revision > task.common; });
  if (task.as_branch) turn.set_alarm(Alarm::kDiverged, true);
  moved_to(turn, task.snapshot.position);
}

}  // namespace yoke::replication
