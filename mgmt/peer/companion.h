// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <functional>
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
    std::function<std::string(std::uint64_t base, const std::string& request)> make_carried;
  };
  Companion(sd_event* loop, const Surroundings& around);

  void follow(const model::Config& config);
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;
  // Of what is typed here and made by the other unit (replica.h).
  [[nodiscard]] bool carries() { return replica_.carries(); }
  [[nodiscard]] Result<std::string> carry(const std::string& request) {
    return replica_.carry(request);
  }
  [[nodiscard]] Status see_branch(const std::string& name, bool drop) {
    return replica_.see_branch(name, drop);
  }
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
  std::string rotation_;  // of the pair's key, as last seen
  bool is_bothered_ = false;
  std::function<void()> changed_;
};

}  // namespace yoke::peer
