// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// Which counters of one sender on one channel were seen: RFC 4303 section 3.4.3 with a ring of
// words as in RFC 6479. Fresh counters may come in any order within the window; what is older
// counts as seen. Threads: owned by one.
namespace yoke::pair {

class ReplayWindow {
 public:
  static constexpr std::uint64_t kWords = 17;
  // Counters below the highest that may still come. One word is always being filled anew.
  static constexpr std::uint64_t kSize = (kWords - 1) * 64;

  // Everything up to `floor` counts as seen.
  explicit ReplayWindow(std::uint64_t floor = 0) noexcept : floor_(floor), highest_(floor) {}

  [[nodiscard]] bool is_fresh(std::uint64_t counter) const noexcept {
    if (counter > highest_) return true;
    if (counter <= floor_ || highest_ - counter >= kSize) return false;
    return (word(counter) & bit(counter)) == 0;
  }
  // To be called only with what is fresh and authentic.
  void mark(std::uint64_t counter) noexcept {
    if (counter > highest_) {
      const std::uint64_t steps = counter / 64 - highest_ / 64;
      for (std::uint64_t i = 1; i <= (steps < kWords ? steps : kWords); ++i) {
        seen_[(highest_ / 64 + i) % kWords] = 0;
      }
      highest_ = counter;
    }
    seen_[counter / 64 % kWords] |= bit(counter);
  }
  // From now on everything up to `floor` counts as seen.
  void raise(std::uint64_t floor) noexcept {
    if (floor > floor_) floor_ = floor;
    if (floor > highest_) *this = ReplayWindow(floor);
  }
  [[nodiscard]] std::uint64_t highest() const noexcept { return highest_; }

 private:
  [[nodiscard]] std::uint64_t word(std::uint64_t counter) const noexcept {
    return seen_[counter / 64 % kWords];
  }
  [[nodiscard]] static std::uint64_t bit(std::uint64_t counter) noexcept {
    return std::uint64_t{1} << (counter % 64);
  }
  std::uint64_t floor_, highest_;
  std::array<std::uint64_t, kWords> seen_{};
};

}  // namespace yoke::pair
