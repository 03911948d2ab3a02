// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <vector>

// A queue of values from one thread to one other, of fixed size: no lock, no allocation after it is
// made, and neither side ever waits for the other.
//
// Each side keeps the other's position as it last saw it, and looks again only where that is not
// enough, so that the line of the other's position is not fetched for each value. Threads: push()
// and has_room() by one, front(), peek() and pop() by one other; size() by any.
namespace yoke {

template <typename T>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Holds `capacity` values at least.
  explicit SpscRing(std::size_t capacity) : mask_(std::bit_ceil(capacity) - 1), cells_(mask_ + 1) {}

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

  [[nodiscard]] bool has_room(std::size_t values = 1) noexcept {
    const std::size_t head = writer_.at.load(std::memory_order_relaxed);
    if (head + values - writer_.seen <= capacity()) return true;
    writer_.seen = reader_.at.load(std::memory_order_acquire);
    return head + values - writer_.seen <= capacity();
  }
  // False if there is no room.
  [[nodiscard]] bool push(const T& value) noexcept {
    if (!has_room()) return false;
    const std::size_t head = writer_.at.load(std::memory_order_relaxed);
    cells_[head & mask_] = value;
    writer_.at.store(head + 1, std::memory_order_release);
    return true;
  }

  // The oldest value, in place until pop(); null if there is none.
  [[nodiscard]] const T* front() noexcept {
    const std::size_t tail = reader_.at.load(std::memory_order_relaxed);
    if (tail == reader_.seen) {
      reader_.seen = writer_.at.load(std::memory_order_acquire);
      if (tail == reader_.seen) return nullptr;
    }
    return &cells_[tail & mask_];
  }
  // The value behind `ahead` others, as far as front() has seen that there is one; else null.
  [[nodiscard]] const T* peek(std::size_t ahead) const noexcept {
    const std::size_t tail = reader_.at.load(std::memory_order_relaxed);
    return ahead < reader_.seen - tail ? &cells_[(tail + ahead) & mask_] : nullptr;
  }
  // Lets the oldest value go; there must be one.
  void pop() noexcept {
    reader_.at.store(reader_.at.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // As of some moment between call and return, for either side.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::size_t tail = reader_.at.load(std::memory_order_acquire);
    return writer_.at.load(std::memory_order_acquire) - tail;
  }

 private:
  // What one thread writes, on a line of its own.
  struct alignas(64) Side {
    std::atomic<std::size_t> at{0};  // the next to be written, or read
    std::size_t seen = 0;            // of the other's
  };
  std::size_t mask_;
  std::vector<T> cells_;
  Side writer_, reader_;
};

}  // namespace yoke
