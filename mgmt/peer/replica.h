// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <semaphore>
#include <set>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/peer.h"
#include "mgmt/events/event.h"
#include "mgmt/peer/writing.h"
#include "mgmt/replication/replicator.h"
#include "mgmt/store/config_store.h"

namespace yoke::peer {

// Has one configuration on both units: carries out what mgmt/replication decides, with this unit's
// store, committer and letters. While the unit stands alone it does nothing, and a commit goes by
// it untouched.
//
// What the store is asked to do is done in jobs, one at a time with all commits: by a job of its
// own, or by the commit that is waiting for the other unit, which has the jobs' thread. Threads:
// whoever has the turn (hal/linux/turns.h); keep() within a job.
class Replica final : public commit::Peer {
 public:
  struct Surroundings {
    store::ConfigStore& store;
    commit::Committer& committer;
    std::function<void(const replication::Letter&)> send;  // may be lost
    std::function<void()> look;  // asks how the election stands, and calls elect()
    events::Record record;
    std::function<void()> changed;  // something is wrong, or no longer
    Later later = at_once;
    Aside aside = in_place;
    // Makes what somebody has typed on the other unit, edits of revision `base`, and answers.
    std::function<std::string(std::uint64_t base, const std::string& request)> make_carried = {};
  };

  Replica(sd_event* loop, Surroundings surroundings);

  // What is committed from now on: whether there is another unit.
  void follow(const model::Config& config);
  void elect(const Election& election);
  void hear(const replication::Letter& letter);

  [[nodiscard]] Status may_commit(const model::Config& candidate) override;
  void sign(store::CommitInfo& info) const override;
  [[nodiscard]] Result<commit::Kept> keep(const model::Config& config,
                                          const store::CommitInfo& info,
                                          const std::function<Status()>& write) override;

  // Whether changes are made by the other unit; and has it make one: what it answers. Within a
  // job. E-472 if it cannot be asked, E-475 if it has not said what became of it.
  [[nodiscard]] bool carries();
  [[nodiscard]] Result<std::string> carry(const std::string& request);

  // A history that gave way: it goes for good, or somebody has seen it. Within a job. E-404.
  [[nodiscard]] Status see_branch(const std::string& name, bool drop);

  [[nodiscard]] std::vector<alarms::Condition> conditions() const;
  // Both units' places, for `show ha config`; empty where the unit stands alone.
  [[nodiscard]] nlohmann::json rows() const;

 private:
  // The commit that waits.
  struct Own {
    const std::function<Status()>& write;
    std::uint64_t number = 0;
    std::optional<replication::Answer> answer = {};
    std::optional<Error> failure = {};  // of write
  };

  [[nodiscard]] Knowledge knowledge() const;
  [[nodiscard]] bool peer_is_there() const;
  void begin();
  void happen(replication::Event event);
  void set_timer();
  void tick();
  void tell_election();
  [[nodiscard]] bool begins_apart(const replication::Letter& letter);
  void claim();

  void obey(const replication::Send& send);
  void obey(const replication::Persist& persist);
  void obey(const replication::Look& look);
  void obey(const replication::Answer& answer);
  void obey(const replication::Carried& carried);
  void obey(const replication::CarryAnswer& answer);
  void obey(const replication::AlarmChange& alarm);

  // branches.cpp: what is wrong, as the next process is to know it.
  void note_alone();
  Status note_branches(const std::set<std::string>& seen);
  [[nodiscard]] std::set<std::string> seen_branches() const;
  void look_at_branches();

  void work_soon();
  void work_off();
  [[nodiscard]] Status carry_out(const replication::Task& task);
  [[nodiscard]] Status append(const replication::Revision& revision);
  [[nodiscard]] Status adopt(const replication::Adopt& task);
  [[nodiscard]] std::string found(const replication::Look& look) const;
  void wait_until(const std::function<bool()>& is_over);
  void make_carried(const replication::Carried& carried);
  [[nodiscard]] Result<std::string> answer_of(const replication::CarryAnswer& answer);
  [[nodiscard]] Error other_commits() const;
  [[nodiscard]] Result<commit::Kept> outcome(const Own& own) const;
  [[nodiscard]] std::string why_alone() const;

  Surroundings around_;
  bool is_one_of_two_ = false;
  bool is_live_ = false;                                    // and the history has been read
  replication::Alone alone_ = replication::Alone::kAccept;  // as is committed
  Election election_;
  replication::Setup setup_;
  replication::State state_;
  std::deque<replication::Event> events_;
  bool is_happening_ = false;
  bool is_claiming_ = false;
  std::vector<std::string> unseen_;  // branches that nobody has seen
  std::optional<replication::Task> task_;
  std::optional<replication::Look> look_;
  std::uint64_t commits_ = 0;
  Own* own_ = nullptr;
  bool is_waiting_ = false;  // a job is, and does what the store is asked to do meanwhile
  std::optional<replication::CarryAnswer> carried_;  // of the one that is carried
  std::string typed_on_;  // the unit, of the commit that is being made for the other one
  std::counting_semaphore<> woken_{0};
  std::string trouble_;  // the last, so that each is told once
  hal::Timer next_;
};

}  // namespace yoke::peer
