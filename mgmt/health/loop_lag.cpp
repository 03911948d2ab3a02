// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/loop_lag.h"

#include <algorithm>

namespace yoke::health {
namespace {

constexpr std::chrono::milliseconds kBeatEach(50);
constexpr std::size_t kBeatsMax = 64;

}  // namespace

LoopLag::LoopLag(sd_event* loop) : due_(MonoClock::now() + kBeatEach) {
  sd_event_source* beat = nullptr;
  (void)sd_event_add_time(loop, &beat, CLOCK_MONOTONIC, loop_us(due_), kTimerAccuracyUs, on_beat,
                          this);
  beat_.reset(beat);
}

int LoopLag::on_beat(sd_event_source* source, std::uint64_t /*us*/, void* self) {
  auto& me = *static_cast<LoopLag*>(self);
  me.take(MonoClock::now());
  (void)sd_event_source_set_time(source, loop_us(me.due_));
  (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
  return 0;
}

void LoopLag::take(MonoTime now) {
  const auto late = now - due_;
  while (!worst_.empty() && worst_.back().late <= late) worst_.pop_back();
  worst_.push_back({now, late});
  if (worst_.size() > kBeatsMax) worst_.pop_front();
  due_ = now + kBeatEach;
}

std::chrono::microseconds LoopLag::since(MonoTime began) const {
  auto most = MonoClock::now() - due_;
  const auto first = std::ranges::find_if(worst_, [&](const Beat& b) { return b.when >= began; });
  if (first != worst_.end()) most = std::max(most, first->late);
  return std::chrono::duration_cast<std::chrono::microseconds>(most);
}

}  // namespace yoke::health
