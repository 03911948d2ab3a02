// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/commit/data_plane.h"

namespace yoke::alarms {

// Which VIPs have reached a limit of theirs: max-flows or new-flow-rate. What one client is refused
// by client-new-flow-rate, or somebody by a list, is as it should be and no condition. A condition
// stays for kHold after the last refusal, so that one that comes and goes is one alarm. Pure.
// Threads: a value, any.
class LimitWatch {
 public:
  static constexpr std::chrono::seconds kHold{60};

  // What counters() of the data plane has told at `now`. What was refused before the first look is
  // no news.
  void look(const api::Counters& counters, MonoTime now);
  [[nodiscard]] std::vector<Condition> conditions(MonoTime now) const;

 private:
  struct Limit {
    std::uint64_t refused = 0;
    std::optional<MonoTime> last;  // that a refusal was seen
  };
  struct Vip {
    Limit flows, rate;
  };
  static void look_at(Limit& limit, std::uint64_t refused, bool is_first, MonoTime now);

  std::map<std::string, Vip> vips_;  // those that have refused somebody
  bool has_looked_ = false;
};

}  // namespace yoke::alarms
