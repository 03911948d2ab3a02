// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "mgmt/replication/replicator.h"
#include "mgmt/replication/rules.h"

// One step of the replication while it is being made; its parts, by what they decide. For
// replicator.cpp and its neighbours alone. Threads: one.
namespace yoke::replication {

struct Turn {
  const Setup& setup;
  State& state;
  MonoTime now;
  Actions& actions;

  [[nodiscard]] View view() const noexcept { return View{setup, state, now}; }
  [[nodiscard]] const Rules& rules() const noexcept { return *setup.rules; }
  [[nodiscard]] const Timers& timers() const noexcept { return setup.timers; }
  [[nodiscard]] bool peer_is_there() const noexcept { return replication::peer_is_there(view()); }

  void tell(Message message) {
    actions.emplace_back(Send{{state.boot, state.peer.boot, std::move(message)}});
  }
  [[nodiscard]] Outgoing& outgoing(Stream stream) {
    return state.outgoing[static_cast<std::size_t>(stream)];
  }
  [[nodiscard]] Intake& intake(Stream stream) {
    return state.intake[static_cast<std::size_t>(stream)];
  }
  void say_hello() { say_hello_to(state.peer.boot); }
  void say_hello_to(std::uint64_t boot);
  void send_body(Stream stream, std::uint64_t number, std::string body);
  void send_part(Stream stream, std::uint64_t number, std::uint64_t offset);
  void persist(Task task);
  void set_alarm(Alarm alarm, bool on);
  void rest_store();
};

// -- committing.cpp: the writer's own commits
void take(Turn& turn, const Commit& commit);
void take(Turn& turn, const Accepted& accepted);
void take(Turn& turn, const Declined& declined);
void settle_own(Turn& turn);
void end_own(Turn& turn, Outcome outcome, Reason reason);
void persisted(Turn& turn, const CommitOwn& task, bool done);

// -- standing_by.cpp: what the writer proposes
void settle_tentative(Turn& turn);
void take_proposal(Turn& turn);
void persisted(Turn& turn, const KeepTentative& task, bool done);
void persisted(Turn& turn, const DropTentative& task, bool done);
void persisted(Turn& turn, const FinishTentative& task, bool done);

// -- catching_up.cpp: what the other has, and this unit has not
void take(Turn& turn, const Want& want);
void take(Turn& turn, const Found& found);
void take(Turn& turn, const Diverged& diverged);
void take_supply(Turn& turn);
void fetch_if_behind(Turn& turn);
void ask_again(Turn& turn);
void persisted(Turn& turn, const Append& task, bool done);
void persisted(Turn& turn, const Adopt& task, bool done);

// -- carrying.cpp: commits typed on the standby
void take(Turn& turn, const Carry& carry);
void take(Turn& turn, const CarriedDone& done);
void take_carried(Turn& turn);
void take_outcome(Turn& turn);
void settle_carrying(Turn& turn);

// The newest revision is another.
void moved_to(Turn& turn, const Position& tip);

}  // namespace yoke::replication
