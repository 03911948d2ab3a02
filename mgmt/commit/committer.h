// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/commit/clock_watch.h"
#include "mgmt/commit/data_plane.h"
#include "mgmt/commit/deadline.h"
#include "mgmt/commit/peer.h"
#include "mgmt/commit/prefix_sets.h"
#include "mgmt/commit/server_states.h"
#include "mgmt/events/event.h"
#include "mgmt/model/config.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/rules.h"
#include "mgmt/store/config_store.h"

namespace yoke::commit {

// Who commits, for the history.
struct Author {
  std::string user;
  std::string origin;
  std::string how;
};

// What is asked for beside the configuration itself.
struct Request {
  std::string note = {};
  // Undone unless confirmed in this time, counted from when it is written.
  std::optional<std::chrono::milliseconds> confirm_within = {};
  bool is_scheduled = false;  // it is the one that was scheduled
};

struct Committed {
  std::uint64_t revision = 0;
  std::size_t changes = 0;  // 0: nothing differed, no revision was made
  Kept kept = {};           // where it is, of a unit that is one of two
};

struct Refusal {
  Error error;
  std::vector<model::Violation> violations;
};

// A commit that is undone where it runs, and not in the store yet, which takes no writes.
struct Undone {
  store::Unconfirmed waits;
  store::Running running;  // what was before it, under the number that it is stored as
  store::CommitInfo info;
  std::size_t changes = 0;
  std::optional<Error> why = {};  // the store does not have it; nothing: not told yet
};

// The way of every change: rules, then staged at the data plane, then durable in the store, then
// activated, then verified. Whatever fails, store and data plane end up with the same
// configuration, the new one or the one before. Threads: owned by one.
class Committer {
 public:
  Committer(store::ConfigStore& store, DataPlane& data_plane,
            std::function<Clocks()> clocks = read_clocks,
            events::Record record = events::write_to_journal);

  // While another commit waits for its confirmation none is taken (E-455), not even one that
  // changes nothing, which would look like a confirmation. Without a data plane (E-451) only what
  // asks nothing of it is committed. One whose undoing has failed stands in
  // nobody's way: the next commit takes its place.
  [[nodiscard]] tl::expected<Committed, Refusal> commit(const model::Config& candidate,
                                                        const Author& author,
                                                        const Request& request);

  // What the other unit has committed: it is durable here by `begin`, and then made to run, now or
  // as soon as the data plane answers. An error: it is not durable, and nothing has changed.
  using Begin = std::function<Result<store::ConfigStore::Pending>()>;
  [[nodiscard]] Status take_over(const Begin& begin);

  // The commit that waits stays. E-456 if none waits.
  [[nodiscard]] Status confirm(const Author& author);
  // The commit that waits is undone by a revision with what was before it: activated first, now or
  // as soon as the data plane answers, then durable; whatever the disk does it runs. E-456 if none
  // waits. E-462: it runs, and the store does not have it yet; until it has, nothing is committed.
  // A restart meanwhile finds the commit waiting, and undoes it.
  [[nodiscard]] tl::expected<Committed, Refusal> reject(const Author& author);
  // The same, if time is up; and what the store does not have yet. To be tried again after an
  // error.
  [[nodiscard]] Status expire(const Clocks& now);
  // Until expire() has something to do; nothing: it has not.
  [[nodiscard]] std::optional<std::chrono::milliseconds> until_expiry(const Clocks& now) const;
  // One that is undone where it runs waits no more.
  [[nodiscard]] const std::optional<store::Unconfirmed>& unconfirmed() const noexcept {
    return undone_ ? no_unconfirmed_ : store_.unconfirmed();
  }
  [[nodiscard]] const std::optional<Undone>& undone() const noexcept { return undone_; }
  // Of undone(), what to tell: E-462.
  [[nodiscard]] std::optional<Error> store_behind() const;

  // A commit that is to be made at a time (schedule.h), or none any more.
  [[nodiscard]] Status schedule(std::optional<store::Scheduled> scheduled);
  [[nodiscard]] const std::optional<store::Scheduled>& scheduled() const noexcept {
    return store_.scheduled();
  }

  // Makes the data plane run what is committed, with the states known; asks first, and does nothing
  // where it does so already. To be called whenever a connection is made, and again after an error.
  // The first call after a start adopts the states that the data plane was told before it. E-461
  // where it runs what this store never had: see unknown(). A change as the others are: one at a
  // time.
  [[nodiscard]] Status reconcile(MonoTime now);
  // Since the last reconcile nothing has happened that needs another one.
  [[nodiscard]] bool reconciled() const noexcept { return reconciled_ && data_plane_.reachable(); }

  // The data plane runs what this store never had, and the store holds nothing for it: it was begun
  // anew. What runs goes on until there is a commit that asks something of it; its hash key is ours
  // from now on, so that its connections live on then.
  [[nodiscard]] std::optional<Error> unknown() const;

  // A verdict of the health checks; published with the next publish().
  void report(const ServerId& id, Verdict verdict, MonoTime now);
  // How long a server takes to answer its checks; published once they are taken.
  void report_response(const ServerId& id, std::chrono::microseconds response);
  // Tells the data plane all verdicts since the last time, or, while it is being staged to, once it
  // has been. Those that cannot be told are not lost: reconcile() finds them.
  [[nodiscard]] Status publish();
  // Those response times that were reported are to be told from now on, unless a change is under
  // way; publish() begins with it.
  void take_responses();
  // Tells of as many pools as it builds in a moment. True: there is more to tell.
  [[nodiscard]] Result<bool> publish_some();

  // What is to run: what the store holds, but for undone().
  [[nodiscard]] const store::Running& running() const noexcept {
    return undone_ ? undone_->running : store_.running();
  }
  [[nodiscard]] const ServerStates& servers() const noexcept { return states_; }
  [[nodiscard]] Result<std::vector<store::Revision>> history(std::size_t count) const {
    return store_.history(count);
  }
  // Histories that gave way to the other unit's.
  [[nodiscard]] Result<std::vector<store::Branch>> branches() const { return store_.branches(); }
  [[nodiscard]] DataPlane& data_plane() noexcept { return data_plane_; }
  // What would become of open flows if `config`, which violates no rule, ran. Asks the data plane.
  [[nodiscard]] Result<api::Forecast> forecast(const model::Config& config);

  // What to do about a clock that is behind the history (clock_watch.h); nothing where it is right
  // as far as one can tell. Deadlines do not go by it, but the history does.
  [[nodiscard]] std::optional<std::string> clock_problem();
  // Why nothing can be committed, as far as the store knows; a disk that has had a commit for long
  // is one reason.
  [[nodiscard]] std::optional<Error> unwritable(MonoTime now = MonoClock::now()) const;
  // Looks whether it takes writes, still or again, before somebody's commit does.
  void look_at_store();

  // What revision `id` held. E-404 for one that is not kept.
  [[nodiscard]] Result<model::Config> config_of(std::uint64_t id) const {
    if (undone_ && id == undone_->running.revision) return undone_->running.config;
    return store_.config_of(id);
  }

  // What waits for the disk, computes long or waits for the data plane to build what it is sent is
  // done aside from now on: others of the process go on meanwhile, and see what was before. They
  // may report() and publish(); nobody begins a change or a reconcile() while is_changing().
  void wait_aside(const Aside& aside);
  [[nodiscard]] bool is_changing() const noexcept { return is_changing_; }

  // Called after running(), unconfirmed() or scheduled() has changed, from within the call that did
  // it.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }
  // What this unit alone can tell of a configuration beside the model's rules: what it lacks for
  // it. Of what is to be committed here, never of what is undone or taken over. Any thread.
  using UnitRules = std::function<std::vector<model::Violation>(const model::Config& after,
                                                                const model::Config& before)>;
  void use_rules(UnitRules rules) { rules_ = std::move(rules); }
  // All that stands in the way of committing `candidate`, the model's and this unit's.
  [[nodiscard]] std::vector<model::Violation> violations(const model::Config& candidate) const;
  // The other unit from now on; it outlives this.
  void use_peer(Peer& peer) noexcept { peer_ = &peer; }

 private:
  // What the data plane is to be sent, and what it is to answer.
  struct Compiled {
    api::Configuration configuration;
    std::string digest;
  };
  // What was before the commit that waits.
  struct Before {
    store::Unconfirmed of;
    model::Config config;
  };
  class Change;
  class OnDisk;

  [[nodiscard]] std::vector<model::Violation> all_violations(const model::Config& after,
                                                             const model::Config& before) const;
  [[nodiscard]] std::vector<model::Violation> look_at(const model::Config& candidate,
                                                      std::vector<model::Change>& changes);
  [[nodiscard]] tl::expected<Committed, Refusal> commit_alone(
      const model::Config& candidate, const Author& author, const Request& request,
      const std::vector<model::Change>& changes);
  [[nodiscard]] Committed committed(const Author& author,
                                    const std::vector<model::Change>& changes);
  [[nodiscard]] tl::expected<Committed, Refusal> store_alone(
      const model::Config& candidate, const Author& author, const Request& request,
      const std::vector<model::Change>& changes);
  [[nodiscard]] Error cannot_go_back() const;
  [[nodiscard]] Status leave_unknown(const api::RunningState& running);
  void leave_alone(const std::string& digest);
  [[nodiscard]] ServerStates states_for(const model::Config& config) const;
  [[nodiscard]] Status adopt_first();
  [[nodiscard]] static Compiled compile_for(const model::Config& config, const ServerStates& states,
                                            std::uint64_t revision,
                                            const std::array<std::uint8_t, 16>& hash_key,
                                            const PrefixSets& prefix_sets);
  [[nodiscard]] Compiled compile_aside(const model::Config& wanted, std::uint64_t revision,
                                       ServerStates& states);
  [[nodiscard]] Status stage(const Compiled& compiled);
  void run_from_now_on(const model::Config& config, ServerStates states, const Compiled& compiled);
  [[nodiscard]] Status activate(const std::string& digest);
  [[nodiscard]] Status persist(const model::Config& config, store::CommitInfo info);
  [[nodiscard]] Status write(const model::Config& config, const store::CommitInfo& info);
  [[nodiscard]] tl::expected<Committed, Refusal> undo(const store::Unconfirmed& waits,
                                                      const Author& author,
                                                      const std::string& note);
  [[nodiscard]] Status leave(const store::Unconfirmed& waits, const Author& author,
                             const std::string& note);
  [[nodiscard]] tl::expected<Committed, Refusal> store_undone();
  [[nodiscard]] Status catch_up();
  Status remember_before();
  void remember_undone(std::uint64_t revision_running);
  [[nodiscard]] store::CommitInfo info_of(const Author& author, const Request& request,
                                          const std::vector<model::Change>& changes) const;
  [[nodiscard]] Refusal go_back(const model::Config& previous, const Error& cause);
  [[nodiscard]] Status run_committed();
  [[nodiscard]] Status run(const Compiled& compiled);

  store::ConfigStore& store_;
  DataPlane& data_plane_;
  PrefixSets prefix_sets_;  // of what was compiled last
  ServerStates states_;
  std::function<Clocks()> clocks_;
  UnitRules rules_ = [](const auto&, const auto&) { return std::vector<model::Violation>(); };
  ClockWatch clock_watch_;
  std::vector<Stamp> stamps_;  // of the history; its newest is the last
  events::Record record_;
  std::set<ServerId> unpublished_;  // their state has changed since the data plane was told
  std::string next_pool_;           // where telling it goes on
  std::map<ServerId, std::chrono::microseconds> responses_;  // reported and not taken yet
  std::function<void()> changed_;
  Peer stands_alone_;
  Peer* peer_ = &stands_alone_;
  Kept kept_;  // of the last that was made durable
  Aside aside_ = in_place;
  std::set<ServerId> meanwhile_;  // reported since the states of the change under way were taken
  std::optional<Before> before_;  // whatever becomes of the disk
  std::optional<Undone> undone_;
  std::optional<store::Unconfirmed> no_unconfirmed_;
  std::optional<MonoTime> on_disk_since_;
  std::optional<api::RunningState> unknown_;  // what the data plane runs, as far as that is so
  bool is_changing_ = false;
  bool undo_failed_ = false;  // of the commit that waits
  bool is_staging_ = false;
  bool adopted_ = false;
  bool reconciled_ = false;
};

}  // namespace yoke::commit
