// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/health/passive.h"
#include "mgmt/health/scheduler.h"

namespace yoke::health {

// Looks once a second at what becomes of clients' connections, in pools with passive checks, and
// has the Scheduler hold servers down for which that speaks. Where there is no such pool it does
// nothing at all. Threads: the loop's own.
class Observer {
 public:
  using Counts = std::map<std::string, std::map<net::Endpoint, ConnectionCounts>>;  // by pool
  // What has been counted of these pools, or nothing: not told now. It is asked in the loop: it
  // must not take long, and is asked less often while it tells nothing.
  using Ask = std::function<std::optional<Counts>(const std::vector<std::string>& pools)>;

  // `checks` outlives the Observer.
  Observer(sd_event* loop, Scheduler& checks, Ask ask);

  // Looks at exactly `targets` among `pools` from now on, other pools being as they were. To be
  // called behind the Scheduler's.
  void reconcile(const std::vector<PassiveTarget>& targets, const std::set<std::string>& pools);

  // While nobody can tell; who is held stays so, and for at least as long.
  void pause();
  void resume();

  struct Status : PassivePool::Status {
    std::string pool;
  };
  // Of one pool, or, without a name, of all.
  [[nodiscard]] std::vector<Status> status(const std::string& pool = {}) const;
  // Null where it is not looked at.
  [[nodiscard]] const std::vector<PastProbe>* past(const std::string& pool,
                                                   const net::Endpoint& server) const;

 private:
  struct Pool {
    PassivePool passive;
    std::vector<net::Endpoint> servers;
  };

  void look();
  void apply(const std::string& pool, const std::vector<PassivePool::Finding>& findings);
  [[nodiscard]] std::optional<Counts> ask(MonoTime now);

  Scheduler& checks_;
  Ask ask_;
  bool paused_ = true;
  MonoTime ask_from_;  // not before
  std::map<std::string, Pool> pools_;
  hal::Timer next_;
};

}  // namespace yoke::health
