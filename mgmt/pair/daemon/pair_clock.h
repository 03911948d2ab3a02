// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <ctime>

#include "hal/base/clock.h"

// What time the pair goes by: CLOCK_BOOTTIME, said in the type that pure code takes. It is the
// clock of the lease page (LeaseClock), so that the end of a lease is the same number here and
// there and no conversion can make it later. It goes on while the machine is suspended: a unit that
// wakes finds its lease lapsed, and so does its election. Never mixed with MonoClock::now().
// Threads: any.
namespace yoke::pair {

[[nodiscard]] inline MonoTime pair_now() noexcept {
  timespec t{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &t);
  return MonoTime(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

}  // namespace yoke::pair
