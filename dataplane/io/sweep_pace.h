// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/lb/pipeline.h"

// How many flows to look at now, so that the whole table is seen once a period and no burst waits
// for long. Threads: owned by one worker.
namespace yoke::io {

class SweepPace {
 public:
  SweepPace(std::uint32_t flows, std::uint32_t period_ms) noexcept
      : flows_(flows), period_ms_(period_ms) {}

  [[nodiscard]] std::uint32_t due(lb::Tick now) noexcept {
    const std::uint32_t elapsed_ms = now - last_;
    if (elapsed_ms == 0) return 0;
    last_ = now;
    // After a long stall a part is enough: the rest comes in the rounds that follow.
    owed_ =
        std::min<std::uint64_t>(owed_ + std::uint64_t{flows_} * elapsed_ms, kMostOwed * period_ms_);
    const auto entries = owed_ / period_ms_;
    owed_ -= entries * period_ms_;
    return static_cast<std::uint32_t>(entries);
  }

 private:
  static constexpr std::uint64_t kMostOwed = 16384;  // about 0.2 ms of work

  std::uint32_t flows_;
  std::uint32_t period_ms_;
  std::uint64_t owed_ = 0;  // in flows times period
  lb::Tick last_ = 0;
};

}  // namespace yoke::io
