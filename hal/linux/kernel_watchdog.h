// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "hal/base/file_descriptor.h"
#include "hal/watchdog.h"

namespace yoke::hal {

// The kernel's, /dev/watchdog: fed by a write, disarmed by the "V" that its drivers close upon.
// Threads: owned by one.
class KernelWatchdog final : public Watchdog {
 public:
  // Armed when it returns, with the nearest to `timeout` that the driver has; errno where it cannot
  // be had: EBUSY, somebody else has it. `pretimeout` before the reset the kernel does what its
  // governor says, as to panic, where the driver has such a thing.
  [[nodiscard]] static tl::expected<std::unique_ptr<Watchdog>, int> open(
      const std::string& path, std::chrono::seconds timeout,
      std::chrono::seconds pretimeout = std::chrono::seconds(0));

  [[nodiscard]] std::chrono::seconds timeout() const noexcept override { return timeout_; }
  bool keep_alive() noexcept override;
  void stop() noexcept override;

 private:
  KernelWatchdog(FileDescriptor fd, std::chrono::seconds timeout)
      : fd_(std::move(fd)), timeout_(timeout) {}

  FileDescriptor fd_;
  std::chrono::seconds timeout_;
};

}  // namespace yoke::hal
