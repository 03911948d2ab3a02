// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/watch.h"

#include <algorithm>
#include <utility>

namespace yoke::health {

using std::chrono::milliseconds;

Watch::Watch(sd_event* loop, Prober& prober, const net::Endpoint& server, const Check& check,
             std::function<void()> changed)
    : prober_(prober),
      server_(server),
      check_(check),
      changed_(std::move(changed)),
      dampener_(check.rise, check.fall),
      since_(MonoClock::now()),
      next_(loop, [this] { begin(); }) {}

void Watch::start(milliseconds after) {
  due_ = MonoClock::now() + after;
  next_.start(after);
}

void Watch::stop() {
  next_.stop();
  probe_.reset();
  dampener_.forget_streak();
}

void Watch::begin() {
  probe_ = prober_.start(server_, check_, [this](const ProbeResult& result) { take(result); });
}

void Watch::take(const ProbeResult& result) {
  probe_.reset();
  const auto now = MonoClock::now();
  // Where one took longer than its interval, turns that are past are left out.
  due_ = std::max(due_ + check_.interval, now);
  next_.start(std::chrono::ceil<milliseconds>(due_ - now));
  last_text_ = result.text;
  if (result.outcome == Outcome::kFailed) ++failures_;
  if (result.outcome == Outcome::kNotTried) return;
  if (!dampener_.add(result.outcome == Outcome::kPassed)) return;
  since_ = now;
  changed_();
}

}  // namespace yoke::health
