// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace yoke::hal {

// Memory of a file ends where the file does, whoever cut it short: to touch it behind that is
// SIGBUS, as it is where a full /run has no page to give. Under a guard the thread that touches it
// finds zeros instead, in memory of this process alone, and goes on.
//
// The handler of the signal is the process's own, so the ranges are too: at most kRanges at a time.
// Any other SIGBUS ends the process as it would without. Threads: made and destroyed by one at a
// time; the memory is any's.
class BusGuard {
 public:
  static constexpr std::size_t kRanges = 4;

  // [memory, memory + bytes) are whole pages, mapped until the guard is gone; `protection` as of
  // mmap(). Where there are kRanges already it guards nothing: is_set() says so.
  BusGuard(void* memory, std::size_t bytes, int protection) noexcept;
  BusGuard(const BusGuard&) = delete;
  BusGuard& operator=(const BusGuard&) = delete;
  ~BusGuard();

  [[nodiscard]] bool is_set() const noexcept { return is_set_; }
  // Whether it has come to that: the memory is no file's any more, until a file is mapped there
  // again. To be cleared before that, or what is lost at once is never noticed.
  [[nodiscard]] bool is_lost() const noexcept { return lost_.load(); }
  void clear() noexcept { lost_.store(false); }

 private:
  friend struct BusSignal;
  [[nodiscard]] bool replace(std::uintptr_t address) noexcept;

  void* memory_;
  std::size_t bytes_;
  int protection_;
  bool is_set_ = false;
  std::atomic<bool> lost_{false};
};

}  // namespace yoke::hal
