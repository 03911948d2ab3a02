// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <ctime>
#include <memory>

#include "hal/base/clock.h"

// sd-event in the terms of this project. Threads: the loop's own.
namespace yoke::health {

struct EventSourceRelease {
  void operator()(sd_event_source* source) const noexcept {
    (void)sd_event_source_disable_unref(source);
  }
};
// An event source that is watched for as long as it is owned. It may be released from its own
// handler.
using EventSource = std::unique_ptr<sd_event_source, EventSourceRelease>;

// The time of the loop's present turn. sd-event's monotonic clock is MonoClock's.
[[nodiscard]] inline MonoTime loop_now(sd_event* loop) noexcept {
  std::uint64_t us = 0;
  if (sd_event_now(loop, CLOCK_MONOTONIC, &us) < 0) return MonoClock::now();
  return MonoTime(std::chrono::microseconds(us));
}

[[nodiscard]] inline std::uint64_t loop_us(MonoTime time) noexcept {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(time.time_since_epoch()).count();
  return us < 0 ? 0 : static_cast<std::uint64_t>(us);
}

// How late a timer may be: checks are counted in milliseconds, and sd-event's own default is 250.
inline constexpr std::uint64_t kTimerAccuracyUs = 500;

}  // namespace yoke::health
