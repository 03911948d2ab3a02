// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "hal/base/clock.h"

// sd-event, owned, with callables for callbacks. Threads: the loop's.
namespace yoke::hal {

struct EventUnref {
  void operator()(sd_event* event) const noexcept { (void)sd_event_unref(event); }
};
using Event = std::unique_ptr<sd_event, EventUnref>;

// A source and what it calls; gone with it, also from within its own call. Not movable: sd-event
// holds its address.
class IoSource {
 public:
  using Callback = std::function<void(std::uint32_t events)>;

  IoSource(sd_event* event, int fd, std::uint32_t events, Callback callback)
      : callback_(std::make_shared<Callback>(std::move(callback))) {
    (void)sd_event_add_io(event, &source_, fd, events, dispatch, this);
  }
  IoSource(const IoSource&) = delete;
  IoSource& operator=(const IoSource&) = delete;
  ~IoSource() { (void)sd_event_source_disable_unref(source_); }

  [[nodiscard]] bool valid() const noexcept { return source_ != nullptr; }
  // 0: nothing, until the next call.
  void watch(std::uint32_t events) {
    (void)sd_event_source_set_enabled(source_, events == 0 ? SD_EVENT_OFF : SD_EVENT_ON);
    if (events != 0) (void)sd_event_source_set_io_events(source_, events);
  }

 private:
  static int dispatch(sd_event_source*, int, std::uint32_t events, void* self) {
    // Kept for the length of the call, which may end its own source.
    const auto callback = static_cast<IoSource*>(self)->callback_;
    (*callback)(events);
    return 0;
  }

  std::shared_ptr<Callback> callback_;
  sd_event_source* source_ = nullptr;
};

// Calls once, after each start().
class Timer {
 public:
  Timer(sd_event* event, std::function<void()> callback)
      : event_(event), callback_(std::make_shared<std::function<void()>>(std::move(callback))) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { stop(); }

  void start(std::chrono::milliseconds after) {
    stop();
    const auto usec = static_cast<std::uint64_t>(std::chrono::microseconds(after).count());
    (void)sd_event_add_time_relative(event_, &source_, CLOCK_MONOTONIC, usec, kAccuracyUs, dispatch,
                                     this);
  }
  void stop() noexcept { source_ = sd_event_source_disable_unref(source_); }
  [[nodiscard]] bool running() const noexcept { return source_ != nullptr; }

 private:
  // How late it may be; 0 would be sd-event's default, a quarter of a second.
  static constexpr std::uint64_t kAccuracyUs = 1000;

  static int dispatch(sd_event_source*, std::uint64_t, void* self) {
    auto* const timer = static_cast<Timer*>(self);
    const auto callback = timer->callback_;
    timer->stop();
    (*callback)();
    return 0;
  }

  sd_event* event_;
  std::shared_ptr<std::function<void()>> callback_;
  sd_event_source* source_ = nullptr;
};

}  // namespace yoke::hal
