// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/committer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "mgmt/commit/change.h"
#include "mgmt/commit/compile.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/duration.h"

namespace yoke::commit {
namespace {

using events::Kind;

tl::unexpected<Refusal> refuse(Error error) {
  return tl::unexpected<Refusal>(Refusal{std::move(error), {}});
}

tl::unexpected<Refusal> refuse(std::vector<model::Violation> violations) {
  const auto count = violations.size();
  return tl::unexpected<Refusal>(Refusal{
      {Errc::kFailed, std::string(kRulesViolated),
       fmt::format("{} {} the commit", count, count == 1 ? "error stops" : "errors stop"), -1},
      std::move(violations)});
}

// For the one who commits, whatever the data plane finds wrong is a commit that failed: no word of
// the command was.
Errc kind_told(Errc kind) {
  return kind == Errc::kUnavailable || kind == Errc::kTimeout ? kind : Errc::kFailed;
}

bool asks_nothing(const api::Configuration& configuration) { return configuration.vips.empty(); }

Error nothing_changed(Error cause) {
  cause.kind = kind_told(cause.kind);
  return within("nothing is changed", std::move(cause)).value();
}

// After which a disk is said to be slow.
constexpr std::chrono::seconds kPatience{10};

}  // namespace

Committer::Committer(store::ConfigStore& store, DataPlane& data_plane,
                     std::function<Clocks()> clocks, events::Record record)
    : store_(store),
      data_plane_(data_plane),
      states_(ServerStates().following(store.running().config, MonoClock::now())),
      clocks_(std::move(clocks)),
      record_(std::move(record)) {
  (void)remember_before();
}

void Committer::wait_aside(const Aside& aside) {
  aside_ = aside;
  store_.wait_aside(aside);
  data_plane_.wait_aside(aside);
}

store::CommitInfo Committer::info_of(const Author& author, const Request& request,
                                     const std::vector<model::Change>& changes) const {
  return {.at = clocks_().wall,
          .user = author.user,
          .origin = author.origin,
          .how = author.how,
          .note = request.note,
          .changes = model::summary(changes),
          .is_scheduled = request.is_scheduled};
}

std::optional<Error> Committer::unwritable(MonoTime now) const {
  if (store_.unwritable()) return store_.unwritable();
  if (!on_disk_since_ || now - *on_disk_since_ < kPatience) return std::nullopt;
  return Error{
      Errc::kTimeout, std::string(kUnderWay),
      fmt::format("the disk has not taken a commit for more than {} s, and others wait for "
                  "it: look at the kernel log",
                  kPatience.count()),
      -1};
}

void Committer::look_at_store() {
  if (is_changing()) return;
  const bool was_writable = !store_.unwritable();
  store_.look();
  if (!store_.unwritable() && !was_writable && changed_) changed_();
}

tl::expected<Committed, Refusal> Committer::commit(const model::Config& candidate,
                                                   const Author& author, const Request& request) {
  const Change change(*this);
  if (auto may = change.may_begin(); !may) return refuse(may.error());
  if (auto caught_up = catch_up(); !caught_up) return refuse(caught_up.error());
  std::vector<model::Change> changes;
  auto violated = look_at(candidate, changes);
  if (const auto& waits = unconfirmed(); waits && !undo_failed_) {
    return refuse({Errc::kConflict, std::string(kWaits),
                   fmt::format("revision {} waits for its confirmation: confirm or reject it first",
                               waits->revision),
                   -1});
  }
  if (changes.empty()) return Committed{running().revision, 0};
  if (!violated.empty()) return refuse(std::move(violated));
  if (auto may = peer_->may_commit(candidate); !may) return refuse(may.error());
  if (unknown_ && request.confirm_within) return refuse(cannot_go_back());
  if (!data_plane_.reachable()) return commit_alone(candidate, author, request, changes);
  if (auto adopted = adopt_first(); !adopted) {
    return refuse(nothing_changed(adopted.error()));
  }
  if (unknown_ && request.confirm_within) return refuse(cannot_go_back());
  ServerStates states;
  const Compiled compiled = compile_aside(candidate, running().revision + 1, states);
  if (unknown_ && asks_nothing(compiled.configuration)) {
    return store_alone(candidate, author, request, changes);
  }
  if (auto staged = stage(compiled); !staged) return refuse(nothing_changed(staged.error()));
  auto info = info_of(author, request, changes);
  if (request.confirm_within) info.confirm_by = deadline_in(*request.confirm_within, clocks_());
  const model::Config previous = running().config;
  if (auto stored = persist(candidate, info); !stored) return refuse(stored.error());
  if (auto activated = activate(compiled.digest); !activated) {
    // It may have come about nevertheless.
    if (unknown_) leave_alone(compiled.digest);
    return tl::unexpected<Refusal>(go_back(previous, activated.error()));
  }
  run_from_now_on(running().config, std::move(states), compiled);
  reconciled_ = true;
  unknown_.reset();
  (void)store_.leave_alone({});
  (void)publish();
  return committed(author, changes);
}

Committed Committer::committed(const Author& author, const std::vector<model::Change>& changes) {
  record_({Kind::kCommit,
           fmt::format("revision {} committed by {}", running().revision, author.user),
           {{"REVISION", std::to_string(running().revision)},
            {"USER", author.user},
            {"ORIGIN", author.origin},
            {"CHANGES", model::summary(changes)}}});
  undo_failed_ = false;
  Committed done{running().revision, changes.size(), kept_};
  if (changed_) changed_();
  return done;
}

// Without the data plane, which may be what is to be mended: a commit that asks nothing of it.
tl::expected<Committed, Refusal> Committer::commit_alone(
    const model::Config& candidate, const Author& author, const Request& request,
    const std::vector<model::Change>& changes) {
  ServerStates states, next_states;
  const auto before = compile_aside(running().config, running().revision, states);
  const auto after = compile_aside(candidate, running().revision, next_states);
  if (before.configuration != after.configuration) {
    return refuse({Errc::kUnavailable, std::string(kNotReachable),
                   "nothing is changed: the data plane is not running; see systemctl status "
                   "yoke-dataplane (what does not concern it can be committed)",
                   -1});
  }
  return store_alone(candidate, author, request, changes);
}

tl::expected<Committed, Refusal> Committer::store_alone(const model::Config& candidate,
                                                        const Author& author,
                                                        const Request& request,
                                                        const std::vector<model::Change>& changes) {
  auto info = info_of(author, request, changes);
  if (request.confirm_within) info.confirm_by = deadline_in(*request.confirm_within, clocks_());
  if (auto stored = persist(candidate, info); !stored) return refuse(stored.error());
  reconciled_ = false;
  states_ = states_.following(running().config, MonoClock::now());
  return committed(author, changes);
}

std::vector<model::Violation> Committer::violations(const model::Config& candidate) const {
  return all_violations(candidate, running().config);
}

std::vector<model::Violation> Committer::all_violations(const model::Config& after,
                                                        const model::Config& before) const {
  auto found = model::violations(after, &before);
  for (auto& more : rules_(after, before)) found.push_back(std::move(more));
  return found;
}

// Both take as long as the configuration is large. Of copies, which cost nothing: what they are of
// may be gone before we are back.
std::vector<model::Violation> Committer::look_at(const model::Config& candidate,
                                                 std::vector<model::Change>& changes) {
  const model::Config before = running().config;
  const model::Config after = candidate;
  std::vector<model::Violation> violated;
  aside_([&] {
    changes = model::diff(before, after);
    if (!changes.empty()) violated = all_violations(after, before);
  });
  return violated;
}

// What was staged with `states` runs. What was reported since was told of servers as they were
// before: they may be disabled now, of another pool, or checked no more.
void Committer::run_from_now_on(const model::Config& config, ServerStates states,
                                const Compiled& compiled) {
  if (meanwhile_.empty()) {
    states_ = std::move(states);
    return;
  }
  states_ = states_for(config);
  unpublished_.merge(meanwhile_);
  std::vector<api::ServerStateChange> staged;
  for (const api::Pool& pool : compiled.configuration.pools) {
    for (const api::Server& server : pool.servers) {
      staged.push_back({pool.name, server.endpoint, server.state, server.response_us});
    }
  }
  for (const auto& server : states_.differences(staged)) {
    unpublished_.insert({server.pool, server.server});
  }
}

// `states` are those it is compiled with: the newest, whatever was reported meanwhile.
Committer::Compiled Committer::compile_aside(const model::Config& wanted, std::uint64_t revision,
                                             ServerStates& states) {
  const model::Config config = wanted;
  const auto take_states = [&] {
    states = states_for(config);
    meanwhile_.clear();
  };
  const auto hash_key = store_.hash_key();
  Compiled compiled;
  PrefixSets sets;
  take_states();
  aside_([&] {
    sets = prefix_sets_.following(config);
    compiled = compile_for(config, states, revision, hash_key, sets);
  });
  prefix_sets_ = std::move(sets);
  if (meanwhile_.empty()) return compiled;
  take_states();
  return compile_for(config, states, revision, hash_key, prefix_sets_);
}

Status Committer::confirm(const Author& author) {
  const Change change(*this);
  if (auto may = change.may_begin(); !may) return may;
  if (auto caught_up = catch_up(); !caught_up) return caught_up;
  const auto waits = unconfirmed();
  if (!waits) return fail(Errc::kConflict, kNothingWaits, "no commit waits for a confirmation");
  const OnDisk waiting(*this);
  if (auto confirmed = store_.confirm(); !confirmed) return confirmed;
  undo_failed_ = false;
  record_({Kind::kCommitConfirmed,
           fmt::format("revision {} confirmed by {}", waits->revision, author.user),
           {{"REVISION", std::to_string(waits->revision)},
            {"USER", author.user},
            {"ORIGIN", author.origin}}});
  if (changed_) changed_();
  return {};
}

Status Committer::take_over(const Begin& begin) {
  const Change change(*this);
  if (auto may = change.may_begin(); !may) return may;
  const std::uint64_t before = store_.running().revision;
  {
    const OnDisk waiting(*this);
    auto pending = begin();
    Status done = pending ? pending->finish() : Status(tl::unexpected(pending.error()));
    if (!done && store_.running().revision == before) return done;
  }
  undone_.reset();  // what the other unit has comes in its place
  undo_failed_ = false;
  states_ = states_.following(running().config, MonoClock::now());
  const bool is_known_to_run = adopted_ && !unknown_;
  if (auto runs = is_known_to_run ? run_committed() : reconcile(MonoClock::now()); !runs) {
    record_({Kind::kRevertWaiting, fmt::format("revision {} of the other unit is activated once "
                                               "the data plane answers: {}",
                                               running().revision, runs.error().text)});
  }
  if (changed_) changed_();
  return {};
}

// A commit sends states with it: after a restart, those in force are to be known before.
Status Committer::adopt_first() {
  if (adopted_) return {};
  auto done = reconcile(MonoClock::now());
  if (!done && done.error().id == kUnknownRevision) return {};
  return done;
}

Result<api::Forecast> Committer::forecast(const model::Config& config) {
  return data_plane_.forecast(
      compile(config, states_for(config), running().revision, store_.hash_key(), prefix_sets_));
}

Committer::Compiled Committer::compile_for(const model::Config& config, const ServerStates& states,
                                           std::uint64_t revision,
                                           const std::array<std::uint8_t, 16>& hash_key,
                                           const PrefixSets& prefix_sets) {
  auto configuration = compile(config, states, revision, hash_key, prefix_sets);
  auto digest = api::digest(configuration);
  return {std::move(configuration), std::move(digest)};
}

// What nobody could tell meanwhile is told then, whatever became of it. It is told of servers as
// they run, and of what is staged as well, where they may be others: told once more in the end.
Status Committer::stage(const Compiled& compiled) {
  is_staging_ = true;
  const auto digest = data_plane_.stage(compiled.configuration);
  is_staging_ = false;
  meanwhile_.insert(unpublished_.begin(), unpublished_.end());
  auto told = publish();
  if (!digest) return tl::unexpected<Error>(digest.error());
  if (!told && !data_plane_.reachable()) return told;
  if (*digest == compiled.digest) return {};
  return fail(Errc::kFailed, kNotAsCommitted,
              "the data plane has read another configuration than it was sent; are both programs "
              "of one release?");
}

Status Committer::activate(const std::string& digest) {
  const auto activation = data_plane_.activate(digest);
  if (!activation) return tl::unexpected<Error>(activation.error());
  if (activation->digest == digest) return {};
  return fail(Errc::kFailed, kNotAsCommitted,
              "the data plane runs another configuration than it was told to");
}

Status Committer::persist(const model::Config& config, store::CommitInfo info) {
  peer_->sign(info);
  auto kept = peer_->keep(config, info, [&] { return write(config, info); });
  if (!kept) return tl::unexpected<Error>(kept.error());
  kept_ = std::move(*kept);
  return {};
}

Status Committer::write(const model::Config& config, const store::CommitInfo& info) {
  const store::Running before = store_.running();
  const OnDisk waiting(*this);
  auto pending = store_.begin(config, info);
  Status done = pending ? pending->finish() : Status(tl::unexpected(pending.error()));
  const bool is_stored = store_.running().revision != before.revision;
  if (is_stored && store_.unconfirmed()) before_ = Before{*store_.unconfirmed(), before.config};
  if (!done && !store_.unwritable()) store_.look();
  // A commit that seemed to have failed turned out to be there: it is what is to run.
  if (!done && is_stored) {
    reconciled_ = false;
    states_ = states_.following(running().config, MonoClock::now());
    if (changed_) changed_();
  }
  return done;
}

Status Committer::schedule(std::optional<store::Scheduled> scheduled) {
  const Change change(*this);
  if (auto may = change.may_begin(); !may) return may;
  const OnDisk waiting(*this);
  if (auto stored = store_.schedule(std::move(scheduled)); !stored) return stored;
  if (changed_) changed_();
  return {};
}

// The store holds what the data plane does not run. The data plane may be gone, or may have
// activated it after all: the one before is committed again, and then made to run.
Refusal Committer::go_back(const model::Config& previous, const Error& cause) {
  const std::uint64_t failed = running().revision;
  reconciled_ = false;
  const auto note = fmt::format("revision {} could not be activated: {}", failed, cause.text);
  const auto info = info_of({.user = "yoke-mgmt", .origin = "local", .how = "revert"},
                            {.note = note}, model::diff(running().config, previous));
  record_({Kind::kCommitReverted, note, {{"REVISION", std::to_string(failed)}}});
  if (auto stored = persist(previous, info); !stored) {
    // Now the new one is what is committed, and every reconcile() will try to make it run.
    states_ = states_.following(running().config, MonoClock::now());
    if (changed_) changed_();
    return {{Errc::kFailed, std::string(kNotUndone),
             fmt::format("{}, and it could not be undone ({}): it is tried again until it runs",
                         note, stored.error().text),
             -1},
            {}};
  }
  if (auto back = unknown_ ? Status() : run_committed(); !back) {
    record_({Kind::kRevertWaiting,
             "the configuration before it is activated once the data plane "
             "answers: " +
                 back.error().text});
  }
  if (changed_) changed_();
  return {
      {kind_told(cause.kind), std::string(kNotActivated),
       fmt::format("{}; revision {} brings back what was before it", note, running().revision), -1},
      {}};
}

Status Committer::run_committed() {
  reconciled_ = false;
  ServerStates states;
  return run(compile_aside(running().config, running().revision, states));
}

Status Committer::run(const Compiled& compiled) {
  if (auto staged = stage(compiled); !staged) return staged;
  if (auto activated = activate(compiled.digest); !activated) return activated;
  unpublished_ = meanwhile_;
  reconciled_ = true;
  return publish();
}

Status Committer::reconcile(MonoTime now) {
  const Change change(*this);
  reconciled_ = false;
  const auto status = data_plane_.status({});
  if (!status) return tl::unexpected<Error>(status.error());
  remember_undone(status->running.revision);
  if (!adopted_) states_.adopt(status->running.servers, now);
  adopted_ = true;
  const bool was_unknown = store_.left_alone().contains(status->running.digest);
  if (!was_unknown) unknown_.reset();
  ServerStates states;
  const auto wanted = compile_aside(running().config, running().revision, states);
  if (status->running.revision != wanted.configuration.revision ||
      status->running.digest != wanted.digest) {
    const bool is_unknown = asks_nothing(wanted.configuration) && status->running.revision != 0 &&
                            (was_unknown || status->running.revision >= running().revision);
    if (is_unknown) return leave_unknown(status->running);
    unknown_.reset();
    if (auto runs = run(wanted); !runs) return runs;
    record_({Kind::kConfigurationApplied,
             fmt::format("the data plane runs revision {}", running().revision),
             {{"REVISION", std::to_string(running().revision)}}});
    return {};
  }
  for (const auto& server : states_.differences(status->running.servers)) {
    unpublished_.insert({server.pool, server.server});
  }
  if (auto published = publish(); !published) return published;
  reconciled_ = true;
  return {};
}

}  // namespace yoke::commit
