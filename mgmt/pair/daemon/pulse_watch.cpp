// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pulse_watch.h"

#include <algorithm>
#include <utility>

namespace yoke::pair {

bool PulseWatch::look(const api::PulsePage& page, MonoTime now, Span pace, Span patience) noexcept {
  const Span gap = now - std::exchange(looked_at_, now);
  const Span awake = gap > kAwake * pace ? Span::zero() : gap;
  const auto counted = page.header.workers.load(std::memory_order_acquire);
  const auto count = std::min<std::uint32_t>(counted, api::PulsePage::kLines);
  for (std::uint32_t i = count; i < known_; ++i) workers_[i] = {};
  bool hangs = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    Worker& worker = workers_[i];
    const std::uint64_t rounds = page.lines[i].rounds.load(std::memory_order_relaxed);
    if (i >= known_) {
      worker = {.rounds = rounds};
    } else if (rounds != std::exchange(worker.rounds, rounds)) {
      worker.has_run = true;
      worker.still = Span::zero();
    } else {
      worker.still += awake;
    }
    hangs = hangs || (worker.has_run && worker.still >= patience);
  }
  known_ = count;
  return hangs;
}

}  // namespace yoke::pair
