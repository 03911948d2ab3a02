// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstdint>
#include <limits>

#include "hal/linux/event.h"

namespace yoke::health {

// An event loop that turns, as one of a process does, until something holds.
class Loop {
 public:
  Loop() {
    sd_event* made = nullptr;
    (void)sd_event_new(&made);
    event_.reset(made);
  }
  [[nodiscard]] sd_event* get() const { return event_.get(); }
  // False after `limit`.
  template <typename Holds>
  [[nodiscard]] bool until(Holds&& holds,
                           std::chrono::seconds limit = std::chrono::seconds(10)) const {
    bool late = false;
    hal::Timer timer(event_.get(), [&late] { late = true; });
    timer.start(limit);
    while (!holds()) {
      if (late) return false;
      (void)sd_event_run(event_.get(), std::numeric_limits<std::uint64_t>::max());
    }
    return true;
  }

 private:
  hal::Event event_;
};

}  // namespace yoke::health
