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

  void work_soon();
  void work_off();
  [[nodiscard]] Status carry_out(const replication::Task& task);
  [[nodiscard]] Status append(const replication::Revision& revision);
  [[nodiscard]] Status adopt(const replication::Adopt& task);
  [[nodiscard]] std::string found(const replication::Look& look) const;
  void wait_for(Own& own);
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
  bool parted_at_first_ = false;  // the branch is of before there were two
  std::optional<replication::Task> task_;
  std::optional<replication::Look> look_;
  std::uint64_t commits_ = 0;
  Own* own_ = nullptr;
  std::counting_semaphore<> woken_{0};
  std::string trouble_;  // the last, so that each is told once
  hal::Timer next_;
};

}  // namespace yoke::peer
