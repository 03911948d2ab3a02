// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/event.h"
#include "mgmt/health/observer.h"
#include "mgmt/health/scheduler.h"
#include "mgmt/health/socket_prober.h"
#include "mgmt/health/trials.h"
#include "mgmt/rpc/unit.h"

namespace yoke {

// Checks the servers that the committed configuration names, and brings what is found of them to
// the committer, which tells the data plane. Threads: whoever has the turn.
class Checking {
 public:
  struct Settings {
    std::string trusted;  // file of certificates; empty: the system's
    health::ScriptProber::Place scripts;
  };
  // `committer` outlives it. Nothing is checked until the link is in step: checks go by way of the
  // data plane's ports.
  Checking(sd_event* loop, commit::Committer& committer, const Settings& settings,
           events::Record record);

  // The data plane runs what is committed, or is lost.
  void on_link(bool in_step);
  // What is committed has changed.
  void follow();

  // By which whoever else has something to ask of others does.
  [[nodiscard]] health::Prober& prober() noexcept { return prober_; }

  // What methods ask for.
  [[nodiscard]] rpc::Checks told();
  // Why the server went down; empty while it is up.
  [[nodiscard]] std::string reason(const commit::ServerId& server) const;
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;

 private:
  [[nodiscard]] std::vector<health::Target> known(std::vector<health::Target> targets) const;
  void observe(const std::set<std::string>& pools);
  void forget_reasons(const std::set<std::string>& pools);
  void on_change(const health::Scheduler::Change& change);
  void on_response(const std::string& pool, const net::Endpoint& server,
                   std::chrono::microseconds time);
  void publish();
  void publish_responses();
  void look_at_watches();
  [[nodiscard]] Result<std::uint64_t> test(const model::Config& config, const std::string& pool,
                                           const std::optional<net::Endpoint>& server);
  [[nodiscard]] std::optional<std::vector<rpc::ProbeReport>> tested(std::uint64_t number);

  commit::Committer& committer_;
  events::Record record_;
  health::SocketProber prober_;
  health::Scheduler checks_;
  health::Observer observer_;
  health::Trials trials_;
  hal::Timer publish_, publish_responses_, watches_look_;
  std::vector<health::Scheduler::Untried> untried_;
  std::vector<health::Scheduler::Expiring> expiring_;
  model::Config followed_;                           // what is checked
  std::map<commit::ServerId, std::string> reasons_;  // why a server went down, until it is up
};

}  // namespace yoke
