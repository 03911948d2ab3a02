// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/alarms/conditions.h"
#include "mgmt/alarms/limit_watch.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/event.h"

namespace yoke::alarms {

// Looks once a second, and whenever it is told that something has changed, at what is wrong with
// the unit; at its services where something is new of them, and for no more than a twentieth of the
// time. The data plane's counters are asked for every few seconds. Threads: the loop's.
class Supervisor {
 public:
  struct Sources {
    commit::Committer& committer;
    // Why a server is down, as its checks say.
    std::function<std::string(const commit::ServerId&)> reason;
    // What is wrong with others: the event log, those who serve or forward.
    std::function<std::vector<Condition>()> others;
    std::string folder;  // where the store is
  };

  Supervisor(sd_event* event, Sources sources, events::Record record);

  // The first look, and all later ones.
  void start() { look_soon(); }
  // Something has changed, and more may follow at once.
  void look_soon();

  [[nodiscard]] const Alarms& alarms() const noexcept { return alarms_; }

 private:
  void look();
  void look_at_services(Wall now);
  void tell(const std::vector<events::Event>& events);
  [[nodiscard]] Observation observe();
  void ask_counters();

  Sources sources_;
  events::Record record_;
  Alarms alarms_;
  // The last known: of a data plane that is away nothing new is said.
  std::optional<api::Counters> counters_;
  MonoTime counters_due_;
  LimitWatch limits_;
  // What was looked at of the services: revision, and version of the states.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> services_known_;
  MonoTime services_due_;
  bool soon_ = false;
  hal::Timer next_;
};

}  // namespace yoke::alarms
