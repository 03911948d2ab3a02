// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <chrono>
#include <cstdint>

#include "dataplane/lb/pipeline.h"
#include "hal/base/clock.h"

// The clock of the packet path: reads the time stamp counter, and asks the kernel four times a
// millisecond, so that it costs a few cycles and never drifts. Threads: owned by one.
namespace yoke::io {

class TickClock {
 public:
  explicit TickClock(MonoTime start) noexcept
      : start_(start), cycles_between_(rte_get_tsc_hz() / 4000) {}

  [[nodiscard]] lb::Tick now() noexcept {
    const std::uint64_t cycles = rte_rdtsc();
    if (cycles - asked_ >= cycles_between_) {
      asked_ = cycles;
      tick_ = static_cast<lb::Tick>(
          std::chrono::duration_cast<std::chrono::milliseconds>(MonoClock::now() - start_).count());
    }
    return tick_;
  }

 private:
  MonoTime start_;
  std::uint64_t cycles_between_;
  std::uint64_t asked_ = 0;
  lb::Tick tick_ = 0;
};

}  // namespace yoke::io
