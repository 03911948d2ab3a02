// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/script_prober.h"

#include <chrono>
#include <utility>

#include "mgmt/health/script_probe.h"

namespace yoke::health {
namespace {

// From one start to the next: to start a program takes about a millisecond of this thread, and
// others have as much.
constexpr std::chrono::milliseconds kStartEach{2};

}  // namespace

ScriptProber::ScriptProber(sd_event* loop, const LoopLag& lag, Place place)
    : loop_(loop), lag_(lag), place_(std::move(place)), account_(hal::unprivileged_account()) {
  sd_event_source* source = nullptr;
  (void)sd_event_add_time(loop_, &source, CLOCK_MONOTONIC, 0, kTimerAccuracyUs, on_turn, this);
  next_.reset(source);
  (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

std::unique_ptr<Probe> ScriptProber::start(const net::Endpoint& server, const Check& check,
                                           ProbeDone done) {
  auto probe = std::make_unique<ScriptProbe>(*this, server, check, std::move(done));
  go_on();
  return probe;
}

void ScriptProber::go_on() {
  if (waiting_.empty() || running_ >= kAtOnce || is_armed_) return;
  is_armed_ = true;
  (void)sd_event_source_set_time(next_.get(), loop_us(MonoClock::now() + kStartEach));
  (void)sd_event_source_set_enabled(next_.get(), SD_EVENT_ONESHOT);
}

int ScriptProber::on_turn(sd_event_source* /*source*/, std::uint64_t /*us*/, void* self) {
  auto& me = *static_cast<ScriptProber*>(self);
  me.is_armed_ = false;
  if (!me.waiting_.empty() && me.running_ < kAtOnce) me.waiting_.front()->begin();
  me.go_on();
  return 0;
}

}  // namespace yoke::health
