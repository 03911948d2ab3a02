// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace yoke::hal {

// What resets the machine unless it hears, again and again, that all is well. Armed from its
// opening on, and by the kernel's rules also behind the death of who opened it. Threads: owned by
// one.
class Watchdog {
 public:
  Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  // Without stop() before: it stays armed.
  virtual ~Watchdog() = default;

  // So long without a keep_alive(), and the machine is reset.
  [[nodiscard]] virtual std::chrono::seconds timeout() const noexcept = 0;
  // False: it did not take it. Does not wait.
  virtual bool keep_alive() noexcept = 0;
  // Disarmed, unless the driver never lets itself be.
  virtual void stop() noexcept = 0;
};

}  // namespace yoke::hal
