// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "mgmt/store/unconfirmed.h"

// The time by which a commit must be confirmed. Threads: values, any.
namespace yoke::commit {

// What a machine's clocks say at one moment.
struct Clocks {
  std::string boot;  // id of this boot: the boot clock counts within it alone
  std::chrono::milliseconds since_boot{0};
  std::chrono::system_clock::time_point wall;
  bool is_kept_by_ntp = false;  // as the kernel says; false where it may not be asked
};

[[nodiscard]] Clocks read_clocks();

[[nodiscard]] store::Deadline deadline_in(std::chrono::milliseconds wait, const Clocks& now);

// Never negative. After a reboot the wall clock decides, and where that makes no sense (it stands
// before the deadline was set) time is up: a commit that nobody confirmed must not stay because a
// clock was set back.
[[nodiscard]] std::chrono::milliseconds remaining(const store::Deadline& deadline,
                                                  const Clocks& now);

}  // namespace yoke::commit
