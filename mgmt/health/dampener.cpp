// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/dampener.h"

#include <limits>

namespace yoke::health {

bool Dampener::add(bool passed) noexcept {
  if (streak_ == 0 || passed != last_passed_) {
    streak_ = 1;
    last_passed_ = passed;
  } else if (streak_ < std::numeric_limits<unsigned>::max()) {
    ++streak_;
  }
  const Verdict wanted = passed ? Verdict::kUp : Verdict::kDown;
  if (wanted == verdict_) return false;
  const bool is_first = verdict_ == Verdict::kUnknown && (passed || !counts_first_failures_);
  if (!is_first && streak_ < (passed ? rise_ : fall_)) return false;
  verdict_ = wanted;
  return true;
}

void Dampener::adopt(Verdict verdict) noexcept {
  verdict_ = verdict;
  streak_ = 0;
}

}  // namespace yoke::health
