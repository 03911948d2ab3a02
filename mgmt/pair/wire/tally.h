// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// How often each of a list of reasons was met, since the start. Threads: owned by one.
namespace yoke::pair {

template <typename Reason, std::size_t kReasons>
class Tally {
 public:
  void count(Reason reason) noexcept { ++counts_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t of(Reason reason) const noexcept {
    return counts_[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t all() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  friend bool operator==(const Tally&, const Tally&) = default;

 private:
  std::array<std::uint64_t, kReasons> counts_{};
};

}  // namespace yoke::pair
