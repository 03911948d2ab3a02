// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "hal/base/clock.h"

// How long a server takes to answer, from single measurements to a figure that does not jump: a
// mean in which what is older than kMemory hardly counts, however often it is measured, and the
// newest alone never more than half. Pure. Threads: owned by one.
namespace yoke::health {

class ResponseTime {
 public:
  // Below this a measurement says more of this process than of the server.
  static constexpr std::chrono::microseconds kFloor{1000};
  static constexpr std::chrono::seconds kMemory{5};

  void add(std::chrono::microseconds took, MonoTime now) noexcept;

  // 0: nothing is known yet.
  [[nodiscard]] std::chrono::microseconds value() const noexcept {
    return std::chrono::round<std::chrono::microseconds>(mean_);
  }

 private:
  std::chrono::duration<double, std::micro> mean_{0};
  MonoTime last_;
  unsigned count_ = 0;  // up to where it does not matter any more
};

// Whether `now` is worth telling to one who was told `before`: a fifth more or less, or the first.
[[nodiscard]] bool differs_much(std::chrono::microseconds before,
                                std::chrono::microseconds now) noexcept;

}  // namespace yoke::health
