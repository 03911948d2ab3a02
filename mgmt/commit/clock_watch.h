// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "mgmt/commit/deadline.h"

// Whether the wall clock is behind, by the history it has written. Pure. Threads: owned by one.
namespace yoke::commit {

// When a revision was made, by the clock of then.
struct Stamp {
  std::uint64_t revision = 0;
  std::chrono::system_clock::time_point at;
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

// A time in the history that has not come yet is proof of a clock that is wrong, or was. While NTP
// keeps the clock it was: such revisions say nothing any more, also after NTP is gone. Otherwise it
// is, and stays so whatever is committed by that same clock.
class ClockWatch {
 public:
  // The latest of the times that the clock is behind; nothing: it is right as far as one can tell.
  [[nodiscard]] std::optional<Stamp> behind(const std::vector<Stamp>& history, const Clocks& now);

 private:
  std::set<Stamp> disproved_;
};

}  // namespace yoke::commit
