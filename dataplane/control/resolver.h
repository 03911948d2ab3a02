// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "dataplane/control/controller.h"
#include "hal/base/clock.h"

namespace yoke::control {

// Which neighbours to ask the kernel for, and when: one that is missing every second, one that is
// known every half minute, so that a server which changes its MAC address is found even if nothing
// else speaks to it. At most kBatch at a time, the missing ones first. Pure; threads: owned by one.
class Resolver {
 public:
  static constexpr std::chrono::seconds kMissing{1};
  static constexpr std::chrono::seconds kKnown{30};
  static constexpr std::size_t kBatch = 256;

  // Those to ask for now; they count as asked for.
  [[nodiscard]] std::vector<Controller::Need> due(const std::vector<Controller::Need>& needs,
                                                  MonoTime now);

 private:
  using Key = std::pair<unsigned, net::IpAddress>;  // port, address
  std::map<Key, MonoTime> asked_;
};

}  // namespace yoke::control
