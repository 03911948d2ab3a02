// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/replica.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "hal/base/log.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/pair_rules.h"
#include "mgmt/peer/schema_mark.h"
#include "mgmt/replication/codec.h"
#include "mgmt/replication/rules.h"

namespace yoke::peer {
namespace {

using events::Kind;
using replication::Outcome;
using replication::Reason;
using std::chrono::milliseconds;

constexpr milliseconds kWaitMost{50};
constexpr milliseconds kLeast{5};  // a moment that is past may stay so while a disk is slow

std::uint64_t drawn() {
  std::uint64_t number = 0;
  while (number == 0) {
    if (::getrandom(&number, sizeof number, 0) != sizeof number) number = 0;
  }
  return number;
}

replication::Alone policy_of(const model::Config& config) {
  return config.value(model::only("ha"), "alone") == "refuse" ? replication::Alone::kRefuse
                                                              : replication::Alone::kAccept;
}

milliseconds until(MonoTime moment) {
  const auto left = std::chrono::ceil<milliseconds>(moment - MonoClock::now());
  return std::clamp(left, kLeast, milliseconds(1000));
}

}  // namespace

Replica::Replica(sd_event* loop, Surroundings surroundings)
    : around_(std::move(surroundings)), next_(loop, [this] { tick(); }) {
  setup_.schema = schema_mark(model::schema());
  setup_.rules = &replication::kRules;
}

void Replica::follow(const model::Config& config) {
  alone_ = policy_of(config);
  const bool was = std::exchange(is_one_of_two_, model::is_pair(config));
  if (was == is_one_of_two_) return;
  if (is_one_of_two_) return around_.later([this] { begin(); });
  is_live_ = false;
  next_.stop();
  state_ = {};
  task_.reset();
  look_.reset();
  around_.changed();
}

void Replica::begin() {
  if (!is_one_of_two_) return;
  const auto chain = around_.store.positions();
  const auto proposed = around_.store.proposed();
  if (!chain || !proposed) {
    log::error("config-not-replicated",
               "the history cannot be read: " +
                   (!chain ? chain : tl::unexpected(proposed.error())).error().text);
    is_live_ = false;
    return;
  }
  const auto alone = around_.store.note("unreplicated");
  replication::Start start{drawn(), *chain, std::nullopt, alone && !alone->empty()};
  if (*proposed) {
    start.tentative = {(*proposed)->revision, (*proposed)->boot, (*proposed)->attempt};
  }
  task_.reset();
  look_.reset();
  look_at_branches();
  is_live_ = true;
  happen(std::move(start));
  tell_election();
}

Knowledge Replica::knowledge() const {
  return {.election = election_,
          .peer_is_there = peer_is_there(),
          .peer_writes = state_.peer.hello && state_.peer.hello->writer,
          .newest = state_.tip().epoch,
          .highest = state_.epoch};
}

bool Replica::peer_is_there() const {
  return replication::peer_is_there({setup_, state_, MonoClock::now()});
}

void Replica::elect(const Election& election) {
  election_ = election;
  if (is_live_) tell_election();
}

void Replica::tell_election() {
  happen(replication::Elected{election_.holds, election_.holds ? epoch_of(knowledge()) : 0});
}

// ---- one after the other

void Replica::happen(replication::Event event) {
  events_.push_back(std::move(event));
  if (std::exchange(is_happening_, true)) return;
  while (!events_.empty()) {
    const auto next = std::move(events_.front());
    events_.pop_front();
    const auto actions = replication::step(setup_, state_, next, MonoClock::now());
    for (const auto& action : actions) {
      std::visit([this](const auto& each) { obey(each); }, action);
    }
  }
  is_happening_ = false;
  set_timer();
}

void Replica::set_timer() { next_.start(until(replication::wake_at(setup_, state_))); }

void Replica::tick() {
  if (is_live_) happen(replication::Tick{});
}

void Replica::hear(const replication::Letter& letter) {
  if (is_live_ && !begins_apart(letter)) happen(replication::Heard{letter});
}

// Two units that have just been made a pair have each a history of its own, and nothing in it says
// which is to stay: that of the one elected, whatever is longer. It says so by a revision of its
// epoch; until then they do not listen to each other.
bool Replica::begins_apart(const replication::Letter& letter) {
  const auto* hello = std::get_if<replication::Hello>(&letter.message);
  if (hello == nullptr) return false;
  const replication::Position tip = state_.tip();
  const bool apart = tip.epoch == 0 && hello->tip.epoch == 0 && tip.revision != 0 &&
                     hello->tip.revision != 0 && tip != hello->tip;
  if (apart && election_.holds && !std::exchange(is_claiming_, true)) {
    around_.later([this] { claim(); });
  }
  return apart;
}

void Replica::claim() {
  auto& store = around_.store;
  store::CommitInfo info{.at = std::chrono::system_clock::now(),
                         .user = "yoke-mgmt",
                         .origin = "local",
                         .how = "pair",
                         .note = "the history of two units from now on",
                         .changes = ""};
  sign(info);
  const bool is_due = is_live_ && election_.holds && store.position().epoch == 0;
  if (is_due) {
    const auto done =
        around_.committer.take_over([&] { return store.begin(store.running().config, info); });
    if (done) begin();
  }
  is_claiming_ = false;
}

// ---- actions

void Replica::obey(const replication::Send& send) { around_.send(send.letter); }

void Replica::obey(const replication::Persist& persist) {
  task_ = persist.task;
  work_soon();
}

void Replica::obey(const replication::Look& look) {
  look_ = look;
  work_soon();
}

void Replica::obey(const replication::Answer& answer) {
  if (own_ == nullptr || own_->number != answer.number) return;
  own_->answer = answer;
  woken_.release();
}

void Replica::obey(const replication::Carried& carried) {
  around_.later([this, carried] { make_carried(carried); });
}

void Replica::obey(const replication::CarryAnswer& answer) {
  carried_ = answer;
  woken_.release();
}

void Replica::obey(const replication::AlarmChange& alarm) {
  if (alarm.alarm == replication::Alarm::kUnreplicated) {
    around_.later([this] { note_alone(); });
  }
  around_.changed();
}

// ---- the store

void Replica::work_soon() {
  if (is_waiting_) {
    woken_.release();
  } else {
    around_.later([this] { work_off(); });
  }
}

void Replica::work_off() {
  while (is_live_ && (task_ || look_)) {
    if (task_) {
      const auto task = *std::exchange(task_, std::nullopt);
      const Status done = carry_out(task);
      if (done) {
        trouble_.clear();
      } else if (done.error().text != std::exchange(trouble_, done.error().text)) {
        log::warning("config-not-followed", done.error().text, {{"ERROR", done.error().id}});
      }
      if (is_live_) happen(replication::Persisted{done.has_value()});
    } else {
      const auto look = *std::exchange(look_, std::nullopt);
      happen(replication::Found{look.number, found(look)});
    }
  }
}

Status Replica::carry_out(const replication::Task& task) {
  using namespace replication;
  auto& store = around_.store;
  if (const auto* own = std::get_if<CommitOwn>(&task)) {
    if (own_ == nullptr || own_->number != own->number) {
      return fail(Errc::kConflict, commit::kUnderWay, "the commit is no more");
    }
    Status written = own_->write();
    if (!written) own_->failure = written.error();
    return written;
  }
  if (const auto* kept = std::get_if<KeepTentative>(&task)) {
    const Tentative& tentative = kept->tentative;
    return store.keep({tentative.revision, tentative.boot, tentative.attempt});
  }
  if (std::holds_alternative<DropTentative>(task)) return store.forget_proposed();
  if (own_ != nullptr) {  // what runs is being changed by it
    return fail(Errc::kConflict, commit::kUnderWay, "a commit of this unit is being made");
  }
  if (const auto* next = std::get_if<Append>(&task)) return append(next->revision);
  if (const auto* all = std::get_if<Adopt>(&task)) return adopt(*all);
  if (!state_.tentative) return fail(Errc::kConflict, commit::kUnderWay, "nothing is proposed");
  return append(replication::Revision(state_.tentative->revision));
}

Status Replica::append(const replication::Revision& revision) {
  auto& store = around_.store;
  auto done = around_.committer.take_over([&] { return store.begin(revision); });
  if (!done) return done;
  const auto number = std::to_string(store.running().revision);
  around_.record({Kind::kConfigTaken,
                  fmt::format("revision {} of the other unit", number),
                  {{"REVISION", number}}});
  return {};
}

Status Replica::adopt(const replication::Adopt& task) {
  auto& store = around_.store;
  const auto before = store.position();
  auto done = around_.committer.take_over(
      [&] { return store.begin(task.snapshot, task.common, task.as_branch); });
  if (!done) return done;
  look_at_branches();
  if (before.epoch == 0) {  // of before there were two: no news
    auto seen = seen_branches();
    seen.insert(unseen_.begin(), unseen_.end());
    (void)note_branches(seen);
  }
  const auto number = std::to_string(store.running().revision);
  around_.record({Kind::kConfigTaken,
                  task.as_branch
                      ? fmt::format("revision {} of the other unit, in place of this unit's "
                                    "revision {}, which is kept: see show ha branches",
                                    number, before.revision)
                      : fmt::format("revision {} of the other unit and all before it", number),
                  {{"REVISION", number}}});
  return {};
}

std::string Replica::found(const replication::Look& look) const {
  const auto& store = around_.store;
  if (look.whole) {
    auto all = store.snapshot();
    return all ? replication::encode(replication::Supply(std::move(*all))) : std::string();
  }
  auto next = store.revision_after(look.from.revision);
  return next ? replication::encode(replication::Supply(std::move(*next))) : std::string();
}

// ---- of the committer

Status Replica::may_commit(const model::Config&) {
  if (!is_live_) return {};
  around_.look();
  if (may_write(knowledge())) return {};
  return tl::unexpected<Error>(other_commits());
}

void Replica::sign(store::CommitInfo& info) const {
  info.epoch = around_.store.position().epoch;
  if (!is_live_) return;
  info.epoch = epoch_of(knowledge());
  const std::string& unit = typed_on_.empty() ? election_.unit : typed_on_;
  if (!unit.empty()) info.origin += ", unit " + unit;
}

Result<commit::Kept> Replica::keep(const model::Config& config, const store::CommitInfo& info,
                                   const std::function<Status()>& write) {
  if (!is_live_) return Peer::keep(config, info, write);
  if (auto may = may_commit(config); !may) return tl::unexpected<Error>(may.error());
  replication::Revision revision;
  around_.aside([&] { revision = around_.store.draft(config, info); });
  setup_.alone = policy_of(config);
  happen(replication::Elected{true, info.epoch});
  Own own{write, ++commits_};
  own_ = &own;
  happen(replication::Commit{own.number, std::move(revision)});
  wait_until([&own] { return own.answer.has_value(); });
  own_ = nullptr;
  setup_.alone = alone_;
  tell_election();
  if (task_ || look_) work_soon();
  return outcome(own);
}

// The other unit's letters are taken by the loop meanwhile; where that has ended, time alone goes
// on, and ends the waiting.
void Replica::wait_until(const std::function<bool()>& is_over) {
  is_waiting_ = true;
  while (is_live_ && !is_over()) {
    work_off();
    if (is_over()) break;
    const auto wait = std::min(until(replication::wake_at(setup_, state_)), kWaitMost);
    around_.aside([&] { (void)woken_.try_acquire_for(wait); });
    if (!is_over() && MonoClock::now() >= replication::wake_at(setup_, state_)) tick();
  }
  is_waiting_ = false;
}

Result<commit::Kept> Replica::outcome(const Own& own) const {
  const auto answer = own.answer.value_or(replication::Answer{});
  if (answer.outcome == Outcome::kReplicated) return commit::Kept{true, {}};
  if (answer.outcome == Outcome::kAlone) return commit::Kept{false, why_alone()};
  if (own.failure) return tl::unexpected<Error>(*own.failure);
  if (answer.outcome == Outcome::kUnknown) {
    return fail(Errc::kTimeout, commit::kMaybeCommitted,
                "it is not committed here, and the other unit may have it: see show ha config");
  }
  if (answer.reason == Reason::kAlone) {
    return fail(Errc::kRefused, commit::kNoStandby,
                "the other unit does not answer, and ha alone is refuse: nothing is changed (set "
                "ha alone accept commits on this unit alone)");
  }
  if (answer.reason == Reason::kNotWriter || answer.reason == Reason::kStaleEpoch) {
    return fail(Errc::kConflict, commit::kOtherWrites,
                "the other unit is the one that commits now: see show ha");
  }
  if (answer.reason == Reason::kUnderWay) {
    return fail(Errc::kConflict, commit::kUnderWay, "another commit is being made: try again");
  }
  return fail(Errc::kConflict, commit::kCatchingUp,
              "the other unit has what this one has not taken over yet: try again, or see show ha "
              "config");
}

std::string Replica::why_alone() const {
  if (!state_.peer.hello) return "the other unit has not been heard yet";
  if (!peer_is_there()) return "the other unit does not answer";
  if (state_.peer.hello->schema != setup_.schema) return "the units are of different releases";
  return "the other unit did not take it in time";
}

// ---- for people

std::vector<alarms::Condition> Replica::conditions() const {
  std::vector<alarms::Condition> found;
  if (!is_live_) return found;
  const auto stands = [this](replication::Alarm alarm) {
    return (state_.alarms & (1U << static_cast<unsigned>(alarm))) != 0;
  };
  if (stands(replication::Alarm::kUnreplicated)) {
    found.push_back({Kind::kConfigUnreplicated,
                     "",
                     "revision " + std::to_string(state_.tip().revision) +
                         " is on this unit alone: " + why_alone(),
                     {}});
  }
  if (!unseen_.empty()) {
    found.push_back({Kind::kConfigDiverged,
                     "",
                     fmt::format("what this unit had committed alone gave way to the other's and "
                                 "is kept as {}: request ha branch {} keep, or drop, ends this",
                                 fmt::join(unseen_, ", "), unseen_.front()),
                     {}});
  }
  if (stands(replication::Alarm::kCannotFollow)) {
    found.push_back({Kind::kConfigNotFollowed, "", trouble_, {}});
  }
  return found;
}

nlohmann::json Replica::rows() const {
  auto rows = nlohmann::json::array();
  if (!is_live_) return rows;
  const auto row = [](const std::string& unit, const replication::Position& tip, bool writes) {
    return nlohmann::json{{"unit", unit},
                          {"revision", tip.revision},
                          {"epoch", tip.epoch},
                          {"hash", fmt::format("{:016x}", tip.digest)},
                          {"writes", writes}};
  };
  const bool is_there = peer_is_there();
  const bool alike = is_there && state_.peer.hello->tip == state_.tip();
  auto own = row("this unit", state_.tip(), election_.holds);
  own["state"] = state_.tentative ? "keeps one more" : alike ? "alike" : "not alike";
  rows.push_back(std::move(own));
  if (!state_.peer.hello) return rows;
  auto other = row("peer", state_.peer.hello->tip, state_.peer.hello->writer);
  other["state"] = !is_there ? "silent" : alike ? "alike" : "not alike";
  rows.push_back(std::move(other));
  return rows;
}

}  // namespace yoke::peer
