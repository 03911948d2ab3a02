// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/deadline.h"

#include <sys/timex.h>
#include <time.h>

#include <algorithm>
#include <fstream>

namespace yoke::commit {

using std::chrono::milliseconds;

Clocks read_clocks() {
  Clocks clocks;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> clocks.boot;
  timespec since_boot{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  clocks.since_boot = std::chrono::floor<milliseconds>(
      std::chrono::seconds(since_boot.tv_sec) + std::chrono::nanoseconds(since_boot.tv_nsec));
  clocks.wall = std::chrono::system_clock::now();
  timex asked{};  // and nothing set
  clocks.is_kept_by_ntp = ::adjtimex(&asked) >= 0 && (asked.status & STA_UNSYNC) == 0;
  return clocks;
}

store::Deadline deadline_in(milliseconds wait, const Clocks& now) {
  return {.boot = now.boot,
          .boot_until = now.since_boot + wait,
          .set_at = now.wall,
          .until = now.wall + wait};
}

milliseconds remaining(const store::Deadline& deadline, const Clocks& now) {
  constexpr milliseconds kNone{0};
  if (!now.boot.empty() && deadline.boot == now.boot) {
    return std::max(kNone, deadline.boot_until - now.since_boot);
  }
  if (now.wall < deadline.set_at) return kNone;
  return std::max(kNone, std::chrono::ceil<milliseconds>(deadline.until - now.wall));
}

}  // namespace yoke::commit
