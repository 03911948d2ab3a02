// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "hal/base/file_descriptor.h"

// Wakes one thread that waits for rings to fill. A ring is looked at without any lock; only a
// thread that says it is about to sleep is worth a system call.
//
// The sleeper: prepare(); look at everything once more; wait for fd(); done(). Where fd() was
// ready, clear() as well, now or before the next wait. The waker: put something where the sleeper
// looks; call(). Threads: call() by any, the rest by the sleeper.
namespace yoke::io {

class Wake {
 public:
  Wake() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  [[nodiscard]] int fd() const noexcept { return event_.get(); }

  // The fences of prepare() and call() are a pair: either the sleeper sees what was put, or the
  // waker sees that it sleeps.
  void prepare() noexcept {
    asleep_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void done() noexcept { asleep_.store(false, std::memory_order_relaxed); }
  void clear() noexcept {
    std::uint64_t count = 0;
    (void)!::read(event_.get(), &count, sizeof count);
  }
  void call() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_relaxed) &&
        asleep_.exchange(false, std::memory_order_relaxed)) {
      const std::uint64_t one = 1;
      (void)!::write(event_.get(), &one, sizeof one);
    }
  }

 private:
  FileDescriptor event_;
  std::atomic<bool> asleep_{false};
};

}  // namespace yoke::io
