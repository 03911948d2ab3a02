// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>

#include "hal/base/clock.h"
#include "mgmt/health/event_source.h"

namespace yoke::health {

// How far a loop is behind its events: a timer that takes its turn with them, and how late it is. A
// probe that takes several turns waits so long for each. Threads: the loop's own.
class LoopLag {
 public:
  explicit LoopLag(sd_event* loop);
  LoopLag(const LoopLag&) = delete;
  LoopLag& operator=(const LoopLag&) = delete;
  ~LoopLag() = default;

  // The most since `began`, this moment included.
  [[nodiscard]] std::chrono::microseconds since(MonoTime began) const;

 private:
  struct Beat {
    MonoTime when;
    MonoClock::duration late;
  };
  static int on_beat(sd_event_source* source, std::uint64_t us, void* self);
  void take(MonoTime now);

  MonoTime due_;
  std::deque<Beat> worst_;  // in their order, each less late than the one before
  EventSource beat_;
};

}  // namespace yoke::health
