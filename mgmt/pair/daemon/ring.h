// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <type_traits>

namespace yoke::pair {

// Values from one thread to one other, of whom neither ever waits. Full: the value is not taken,
// which the giver sees. Threads: one puts, one takes.
template <typename T, std::size_t kSize>
class Ring {
  static_assert((kSize & (kSize - 1)) == 0, "indices wrap");
  static_assert(std::is_trivially_copyable_v<T>, "taking one never allocates");

 public:
  [[nodiscard]] bool put(const T& value) noexcept {
    const std::size_t end = end_.load(std::memory_order_relaxed);
    if (end - begin_.load(std::memory_order_acquire) == kSize) return false;
    values_[end % kSize] = value;
    end_.store(end + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] std::optional<T> take() noexcept {
    const std::size_t begin = begin_.load(std::memory_order_relaxed);
    if (begin == end_.load(std::memory_order_acquire)) return std::nullopt;
    const T value = values_[begin % kSize];
    begin_.store(begin + 1, std::memory_order_release);
    return value;
  }

 private:
  std::array<T, kSize> values_{};
  alignas(64) std::atomic<std::size_t> begin_{0};
  alignas(64) std::atomic<std::size_t> end_{0};
};

}  // namespace yoke::pair
