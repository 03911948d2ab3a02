// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "hal/base/clock.h"
#include "hal/linux/event.h"

namespace yoke::backup {

// The time, and a call at a time: the loop's in the firmware, a fake one where schedules of months
// are tested. Threads: the loop's.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual MonoTime now() const = 0;
  [[nodiscard]] virtual std::chrono::system_clock::time_point date() const = 0;  // for people
  // Calls once, after that time and never from within; a call that was to come does not.
  virtual void call_after(std::chrono::milliseconds time, std::function<void()> call) = 0;
  virtual void call_nothing() = 0;
};

class LoopClock final : public Clock {
 public:
  explicit LoopClock(sd_event* event) : timer_(event, [this] { std::exchange(call_, {})(); }) {}
  [[nodiscard]] MonoTime now() const override { return MonoClock::now(); }
  [[nodiscard]] std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::now();
  }
  void call_after(std::chrono::milliseconds time, std::function<void()> call) override {
    call_ = std::move(call);
    timer_.start(time);
  }
  void call_nothing() override { timer_.stop(); }

 private:
  std::function<void()> call_;
  hal::Timer timer_;
};

}  // namespace yoke::backup
