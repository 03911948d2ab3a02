// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "hal/base/clock.h"
#include "mgmt/pair/wire/refusal.h"

namespace yoke::pair {

// Refused for what no peer of ours sends, whatever befalls it: not our own come back, nor the
// peer's of the process before, nor what it sends until it has proven itself.
[[nodiscard]] inline std::uint64_t foul(const Refusals& refusals) noexcept {
  std::uint64_t sum = refusals.all();
  for (const Refusal innocent : {Refusal::kOwn, Refusal::kStaleBoot, Refusal::kUnprovenBoot,
                                 Refusal::kDuplicateUnit, Refusal::kUnknownKind}) {
    sum -= refusals.of(innocent);
  }
  return sum;
}

// Whether so much is refused that people should know: kMany within kWindow, and until it has been
// less for kCalm. Pure. Threads: owned by one.
class RefusalWatch {
 public:
  static constexpr std::uint64_t kMany = 1000;
  static constexpr std::chrono::seconds kWindow{10}, kCalm{60};

  // `foul`: counted since some start; one that is less than before counts from 0. To be called a
  // few times a second.
  bool look(std::uint64_t foul, MonoTime now) noexcept {
    if (!began_ || foul < base_ || now - *began_ >= kWindow) {
      // What came between two looks is not lost with the window.
      base_ = began_ && foul >= last_ ? last_ : began_ ? 0 : foul;
      began_ = now;
    }
    last_ = foul;
    if (foul - base_ >= kMany) {
      bothered_at_ = began_ = now;
      base_ = foul;
    }
    return stands(now);
  }
  [[nodiscard]] bool stands(MonoTime now) const noexcept {
    return bothered_at_ && now - *bothered_at_ < kCalm;
  }

 private:
  std::uint64_t base_ = 0, last_ = 0;
  std::optional<MonoTime> began_, bothered_at_;
};

}  // namespace yoke::pair
