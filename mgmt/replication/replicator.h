// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/replication/messages.h"
#include "mgmt/replication/state.h"

// How a configuration comes to be on both units: a pure function of what happened and when. The
// protocol is in README.md, its rules one by one in rules.h.
//
// What the caller owes: `now` never goes back; Start comes first; a Tick comes at wake_at();
// actions are carried out in order and before the next step; Persisted follows each Persist once it
// is on the disk (or is not, and will not be), Found each Look; letters come from the peer alone
// (the link has checked that). No I/O, no clock here. Threads: a State is owned by one.
namespace yoke::replication {

struct Rules;  // rules.h

// What a writer does whose standby does not answer.
enum class Alone : std::uint8_t {
  kAccept,  // commits, raises an alarm
  kRefuse,
};

struct Timers {
  MonoTime::duration hello = std::chrono::milliseconds(250);
  MonoTime::duration silent = std::chrono::milliseconds(1000);  // nothing heard: it is not there
  MonoTime::duration retry = std::chrono::milliseconds(50);
  MonoTime::duration patience = std::chrono::seconds(2);         // for the standby's disk
  MonoTime::duration carry_patience = std::chrono::seconds(20);  // for a commit; the CLI waits 30 s
  MonoTime::duration carry_silence = std::chrono::seconds(3);    // of a writer that has one to make
};

struct Setup {
  Timers timers;
  Alone alone = Alone::kAccept;
  std::uint64_t schema = 0;      // of this release's records
  const Rules* rules = nullptr;  // &kRules (rules.h)
};

// ---- what happens
// --------------------------------------------------------------------------------

struct Start {
  std::uint64_t boot = 0;  // drawn anew, not 0
  std::vector<Position> chain;
  std::optional<Tentative> tentative;
  bool unreplicated = false;  // the alarm stood as the process before ended
};
struct Tick {};
struct Heard {
  Letter letter;
};
struct Elected {  // by mgmt/pair; nobody, until it says so
  bool writer = false;
  Epoch epoch = 0;
};
struct Commit {  // on the writer: checked, and ready to be made
  std::uint64_t number = 0;
  Revision revision;
};
struct Carry {  // on the standby: to be made by the writer
  std::uint64_t number = 0;
  std::string body;
};
struct CarriedDone {
  std::uint64_t boot = 0;  // as Carried said
  std::uint64_t number = 0;
  std::string body;
};
struct Persisted {
  bool done = false;
};
struct Found {
  std::uint64_t number = 0;  // as Look said
  std::string body;          // a Supply; empty: there is none
};
using Event =
    std::variant<Start, Tick, Heard, Elected, Commit, Carry, CarriedDone, Persisted, Found>;

// ---- what is to be done
// --------------------------------------------------------------------------

struct Send {
  Letter letter;
};
struct Persist {
  Task task;
};
struct Look {  // the revision after `from`, or all
  std::uint64_t number = 0;
  Position from;
  bool whole = false;
};
enum class Outcome : std::uint8_t {
  kReplicated,  // committed, and on the standby's disk
  kAlone,       // committed here alone
  kRefused,     // not committed, and never will be
  kUnknown,     // not committed here; the standby may have it, and keep it if it takes over
};
enum class Reason : std::uint8_t {
  kNone,
  kNotWriter,   // this unit is not the one that writes
  kUnderWay,    // another is
  kOutdated,    // what it is based on is not the newest
  kCatchingUp,  // the peer has revisions that this unit has not
  kAlone,       // no standby answers, and the configuration asks for one
  kStaleEpoch,  // the standby knows of a later claim
  kDisk,        // the store did not take it
};
struct Answer {
  std::uint64_t number = 0;
  Outcome outcome = Outcome::kUnknown;
  Reason reason = Reason::kNone;
};
struct Carried {  // the peer's users want this: CarriedDone says what became of it
  std::uint64_t boot = 0;
  std::uint64_t number = 0;
  std::string body;
};
struct CarryAnswer {
  enum class How : std::uint8_t {
    kAnswered,
    kRefused,  // it was not taken, and never will be
    kUnknown,  // no answer: it may have been made
  };
  std::uint64_t number = 0;
  How how = How::kUnknown;
  std::string body;  // as CarriedDone said
};
struct AlarmChange {
  Alarm alarm = Alarm::kUnreplicated;
  bool on = false;
};
using Action = std::variant<Send, Persist, Look, Answer, Carried, CarryAnswer, AlarmChange>;
using Actions = std::vector<Action>;

// ---- the function
// --------------------------------------------------------------------------------

[[nodiscard]] Actions step(const Setup& setup, State& state, const Event& event, MonoTime now);

// When the next Tick is due if nothing else happens before. May be past: then at once.
[[nodiscard]] MonoTime wake_at(const Setup& setup, const State& state) noexcept;

// Both units have the same, as far as this one has heard.
[[nodiscard]] bool is_in_sync(const Setup& setup, const State& state, MonoTime now) noexcept;

}  // namespace yoke::replication
