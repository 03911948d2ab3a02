// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "hal/watchdog.h"

namespace yoke::pair {

// Feeds the machine's watchdog while the real-time thread comes round. One that does not can
// neither renew a lease nor end what depends on it, and a process that dies and is not back in time
// leaves the watchdog armed: then the machine is reset. Threads: owned by one.
class WatchdogKeeper {
 public:
  using Open =
      std::function<tl::expected<std::unique_ptr<hal::Watchdog>, int>(const std::string& path)>;
  // Time from the last feeding to the reset; long enough for a process to be started again.
  static constexpr std::chrono::seconds kTimeout{10};

  explicit WatchdogKeeper(Open open) : open_(std::move(open)) {}

  // The device; empty: none, and one that was used is let go of.
  void use(const std::string& path);
  // To be called several times a second. `rounds` rises with each turn of the thread.
  void look(std::uint64_t rounds);
  // This process ends as it should.
  void end();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Armed, and fed at the last look.
  [[nodiscard]] bool is_fed() const noexcept { return is_fed_; }

 private:
  void try_to_open();

  Open open_;
  std::string path_;
  std::unique_ptr<hal::Watchdog> watchdog_;
  std::uint64_t rounds_ = 0;
  bool is_fed_ = false, complained_ = false;
};

}  // namespace yoke::pair
