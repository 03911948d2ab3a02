// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/response_time.h"

#include <algorithm>
#include <cmath>

namespace yoke::health {
namespace {

constexpr unsigned kFirstMax = 100;
constexpr double kNewestMax = 0.5;
constexpr int kMuchPercent = 120;

}  // namespace

void ResponseTime::add(std::chrono::microseconds took, MonoTime now) noexcept {
  const std::chrono::duration<double, std::micro> measured = std::max(took, kFloor);
  using Seconds = std::chrono::duration<double>;
  const double age = Seconds(now - last_) / Seconds(kMemory);
  count_ = std::min(count_ + 1, kFirstMax);
  // The first ones count alike: the very first is often slow, while neighbours are resolved.
  const double part = std::max(1.0 / count_, 1.0 - std::exp(-age));
  mean_ = count_ == 1 ? measured : mean_ + (measured - mean_) * std::min(part, kNewestMax);
  last_ = now;
}

bool differs_much(std::chrono::microseconds before, std::chrono::microseconds now) noexcept {
  return std::max(before, now) * 100 > std::min(before, now) * kMuchPercent;
}

}  // namespace yoke::health
