// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mgmt/health/probe_text.h"

namespace yoke::health {

using std::chrono::milliseconds;

Watch::Watch(sd_event* loop, Prober& prober, const net::Endpoint& server, const Check& check,
             Callbacks callbacks)
    : prober_(prober),
      server_(server),
      check_(check),
      callbacks_(std::move(callbacks)),
      dampener_(check.rise, check.fall),
      random_(static_cast<std::uint32_t>(std::hash<std::string>{}(server.to_string() + check.key))),
      since_(MonoClock::now()),
      next_(loop, [this] { begin(); }) {}

void Watch::start(milliseconds after) {
  is_started_ = true;
  due_ = MonoClock::now() + after;
  const bool says_nothing = !past_.empty() && past_.back().result.outcome == Outcome::kNotTried;
  if (!says_nothing) told_ = due_;
  next_.start(after);
}

void Watch::stop() {
  is_started_ = false;
  next_.stop();
  probe_.reset();
  dampener_.forget_streak();
}

void Watch::mend(MonoTime now) {
  if (!is_started_ || next_.running()) return;
  if (!probe_) return next_.start(milliseconds(0));
  if (is_overdue(began_ + probe_->waited(), check_.timeout, now))
    take(not_tried("the probe came to no end", {}));
}

std::string Watch::last_text() const {
  const auto waited = probe_ ? probe_->waited() : MonoClock::duration(0);
  const bool is_late = waited > kLateIntervals * check_.interval ||
                       (waited.count() > 0 && is_untried(MonoClock::now()));
  if (is_late) {
    return fmt::format("not tried for {}s: too many scripts wait for their turn",
                       std::chrono::floor<std::chrono::seconds>(waited).count());
  }
  return past_.empty() ? std::string() : past_.back().result.text;
}

bool Watch::is_untried(MonoTime now) const {
  const milliseconds late = kLateIntervals * std::max(interval(), check_.interval) + check_.timeout;
  return is_started_ && now - told_ > std::max<MonoClock::duration>(late, kUntriedMin);
}

void Watch::begin() {
  began_ = MonoClock::now();
  probe_ = prober_.start(server_, check_, [this](ProbeResult result) { take(std::move(result)); });
}

milliseconds Watch::interval() const {
  const bool is_down = dampener_.verdict() == Verdict::kDown;
  const milliseconds other = dampener_.is_changing() ? check_.fast_interval
                             : is_down               ? check_.down_interval
                                                     : check_.interval;
  return other.count() == 0 ? check_.interval : other;
}

milliseconds Watch::jitter(milliseconds interval) {
  const auto most = interval.count() * check_.jitter_percent / 100;
  return milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random_));
}

void Watch::take(ProbeResult result) {
  probe_.reset();
  const auto now = MonoClock::now();
  const Outcome outcome = result.outcome;
  if (outcome == Outcome::kPassed) response_.add(result.duration, now);
  remember(std::move(result));
  if (outcome == Outcome::kFailed) ++failures_;
  if (outcome != Outcome::kNotTried) told_ = now;
  const bool changed = outcome != Outcome::kNotTried && dampener_.add(outcome == Outcome::kPassed);
  // Where one took longer than its interval, turns that are past are left out.
  due_ = std::max(due_ + interval(), now);
  next_.start(std::chrono::ceil<milliseconds>(due_ - now) + jitter(interval()));
  if (changed) {
    since_ = now;
    callbacks_.changed();
  }
  if (outcome == Outcome::kPassed) callbacks_.measured();
}

void Watch::remember(ProbeResult result) {
  if (past_.size() == kPastMax) past_.erase(past_.begin());
  past_.push_back({began_, std::move(result)});
  look_at_certificates();
}

// Behind one address may be machines with certificates of their own: the last probe would say now
// this, now that.
void Watch::look_at_certificates() {
  std::optional<std::chrono::sys_seconds> first;
  for (const PastProbe& past : past_) {
    const auto& end = past.result.certificate_end;
    if (end && (!first || *end < *first)) first = end;
  }
  if (first) certificate_end_ = first;
}

}  // namespace yoke::health
