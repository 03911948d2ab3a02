// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>

#include "hal/base/clock.h"
#include "hal/linux/event.h"

namespace yoke::health {

// An event loop that turns until something holds.
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
    const auto deadline = MonoClock::now() + limit;
    while (!holds()) {
      if (MonoClock::now() > deadline) return false;
      (void)sd_event_run(event_.get(), 20'000);
    }
    return true;
  }

 private:
  hal::Event event_;
};

}  // namespace yoke::health
