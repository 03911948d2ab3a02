// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"

// From single results to a verdict that does not flap: `rise` passes in a row bring a server up,
// `fall` failures in a row take it down. The first result of a server of which nothing is known
// decides at once, so that a unit serves as soon as it can after a start; or, where that would be
// taken for more than it is, the first pass alone (count_first_failures()).
// Pure. Threads: owned by one.
namespace yoke::health {

class Dampener {
 public:
  Dampener(unsigned rise, unsigned fall) noexcept : rise_(rise), fall_(fall) {}

  // Takes the next result. True if the verdict changed by it.
  bool add(bool passed) noexcept;

  // Of what nothing is known the first failure counts as any: `fall` of them are wanted.
  void count_first_failures() noexcept { counts_first_failures_ = true; }
  // Starts from a verdict reached elsewhere: before a restart, or under other counts.
  void adopt(Verdict verdict) noexcept;
  // Keeps the verdict and forgets how many results in a row speak against it.
  void forget_streak() noexcept { streak_ = 0; }

  [[nodiscard]] Verdict verdict() const noexcept { return verdict_; }
  // The last result spoke against the verdict: it may be about to change.
  [[nodiscard]] bool is_changing() const noexcept {
    return streak_ != 0 && verdict_ != (last_passed_ ? Verdict::kUp : Verdict::kDown);
  }
  // Equal results in a row, the last one included; 0 before the first.
  [[nodiscard]] unsigned consecutive() const noexcept { return streak_; }

 private:
  unsigned rise_;
  unsigned fall_;
  Verdict verdict_ = Verdict::kUnknown;
  bool last_passed_ = false;
  bool counts_first_failures_ = false;
  unsigned streak_ = 0;
};

}  // namespace yoke::health
