// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/health/watch.h"
#include "mgmt/tracking/item.h"
#include "mgmt/tracking/prober.h"

namespace yoke::tracking {

// What somebody else looks at, and a unit must have as well: always of all groups.
struct Given {
  std::string key;  // "hardware:temperature:cpu"
  bool is_up = true;
  unsigned weight = 0;
  std::string text;
};

// Looks at all that the configuration wants tracked, and tells yoke-pair on every change. What has
// not been looked at yet counts as up, but after a start nothing is told for kSettle (longer where
// something is looked at seldom), or until all is known: what the process before has told holds
// until then. Threads: the loop's.
class Tracker {
 public:
  static constexpr std::chrono::seconds kSettle{5}, kSettleMost{30};

  struct Sources {
    health::Prober& servers;  // of servers' checks
    Prober::Tally tally;
    std::function<void(nlohmann::json)> tell;  // the params of yoke-pair's `track`
    std::function<void()> changed;             // something is down, or no longer
  };

  // The sources outlive it.
  Tracker(sd_event* loop, Sources sources);

  // What is committed from now on.
  void follow(const model::Config& config);
  // All that is given from now on, told where it is another. Whoever gives it raises its alarms.
  void take(std::vector<Given> given);
  // Gateways are asked by way of the data plane's ports: not while it is away.
  void on_link(bool in_step);

  // As `show ha track` has them (mgmt/README.md).
  [[nodiscard]] nlohmann::json rows(MonoTime now) const;
  [[nodiscard]] std::vector<alarms::Condition> conditions(MonoTime now) const;

 private:
  struct Tracked {
    Item item;
    std::unique_ptr<health::Watch> watch;
  };

  [[nodiscard]] bool waits_for_link(const Item& item) const;
  void watch(Tracked& tracked);
  void tell();
  void look_around();
  [[nodiscard]] std::chrono::milliseconds patience() const;
  [[nodiscard]] bool all_known() const;

  sd_event* loop_;
  Sources sources_;
  Prober prober_;
  bool in_step_ = false;
  bool is_settled_ = false;
  std::map<std::string, Tracked> tracked_;  // by key
  std::vector<Given> given_;
  hal::Timer settle_, tell_, mend_;
};

}  // namespace yoke::tracking
