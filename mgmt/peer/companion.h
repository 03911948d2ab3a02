// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/event.h"
#include "mgmt/pair/client/pair_client.h"
#include "mgmt/peer/letters.h"
#include "mgmt/peer/replica.h"
#include "mgmt/store/config_store.h"

namespace yoke::peer {

// The configuration of both units: replication, its letters, and what yoke-pair says of who writes
// and which key they are sealed with. Threads: whoever has the turn.
class Companion {
 public:
  struct Surroundings {
    store::ConfigStore& store;
    commit::Committer& committer;
    pair::PairClient& pair;
    events::Record record;
    std::function<void()> changed;
    Later later;
    Aside aside;
  };
  Companion(sd_event* loop, const Surroundings& around);

  void follow(const model::Config& config);
  [[nodiscard]] std::vector<alarms::Condition> conditions() const { return replica_.conditions(); }
  // For `show ha config`.
  [[nodiscard]] nlohmann::json rows() const;

 private:
  void take(const nlohmann::json& status);
  void learn_key();

  pair::PairClient& pair_;
  Letters letters_;
  Replica replica_;
  std::string interface_;  // of the dedicated link; empty: the unit stands alone
  unsigned looks_ = 0;     // since the key was asked for
  bool has_key_ = false;
};

}  // namespace yoke::peer
