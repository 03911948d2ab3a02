// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/timers.h"

#include <fmt/format.h>

namespace yoke::pair {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What does not depend on how fast heartbeats are.
Timers patient() noexcept {
  Timers timers;
  timers.probes = 3;
  timers.drift_ppm = 500;
  timers.boot_hold = seconds(3);
  timers.unmet_hold = milliseconds(600);
  timers.handoff_step = milliseconds(200);
  timers.better_for = seconds(3);
  timers.preempt_delay = seconds(30);
  timers.flap_window = minutes(15);
  timers.flaps = 3;
  timers.hold_down = minutes(15);
  timers.cut_off = seconds(2);
  return timers;
}

tl::unexpected<Error> broken(std::string_view rule, Span value, Span bound) {
  const auto us = [](Span span) { return std::chrono::duration_cast<microseconds>(span).count(); };
  return fail(
      Errc::kInvalid, "E-701",
      fmt::format("timers of the pair: {}: {} us against {} us", rule, us(value), us(bound)));
}

// What one clock takes for `span` while the other, wrong the other way, measures it.
Span drifted(Span span, unsigned ppm) noexcept {
  return span + span * 2 * static_cast<Span::rep>(ppm) / 1'000'000;
}

}  // namespace

std::optional<Timers> profile(std::string_view name) noexcept {
  Timers timers = patient();
  if (name == "fast") {
    timers.heartbeat = milliseconds(5);
    timers.probe_gap = milliseconds(1);
    timers.probe_wait = microseconds(1500);
    timers.burst = milliseconds(1);
  } else if (name == "default") {
    timers.heartbeat = milliseconds(20);
    timers.probe_gap = microseconds(1700);
    timers.probe_wait = microseconds(1700);
    timers.burst = milliseconds(5);
  } else if (name == "vm") {
    timers.heartbeat = milliseconds(100);
    timers.probe_gap = milliseconds(17);
    timers.probe_wait = milliseconds(17);
    timers.burst = milliseconds(50);
    timers.handoff_step = seconds(1);
  } else {
    return std::nullopt;
  }
  timers.lease = 4 * timers.heartbeat;
  timers.dead = 5 * timers.heartbeat;
  timers.restart_hold = 6 * timers.heartbeat;
  return timers;
}

Span probe_round(const Timers& timers) noexcept {
  return (timers.probes - 1) * timers.probe_gap + timers.probe_wait;
}

Status check(const Timers& timers) {
  constexpr unsigned kWorstClock = 5000;  // ppm
  if (timers.heartbeat < milliseconds(1)) {
    return broken("a heartbeat takes at least 1 ms", timers.heartbeat, milliseconds(1));
  }
  if (timers.drift_ppm > kWorstClock) {
    return fail(Errc::kInvalid, "E-701",
                fmt::format("timers of the pair: a clock wrong by {} ppm; {} are the most",
                            timers.drift_ppm, kWorstClock));
  }
  if (timers.probes < 1 || timers.probes > 16) {
    return fail(Errc::kInvalid, "E-701",
                fmt::format("timers of the pair: {} probes; 1 to 16 can be asked", timers.probes));
  }
  const Span round = probe_round(timers);
  const Span promise = drifted(timers.lease, timers.drift_ppm) + timers.burst;
  struct Rule {
    std::string_view text;
    Span value, at_least;
  };
  for (const Rule& rule : {
           Rule{"the lease outlasts 4 heartbeats", timers.lease, 4 * timers.heartbeat},
           Rule{"a unit is dead once its lease is over, by either clock", timers.dead, promise},
           Rule{"a restarted unit outlasts what it promised before", timers.restart_hold,
                drifted(timers.dead, timers.drift_ppm)},
           Rule{"a peer not met yet is waited for no less", timers.unmet_hold, timers.restart_hold},
           Rule{"a boot takes no less than a restart", timers.boot_hold, timers.restart_hold},
           Rule{"an answer to a probe is waited for", timers.probe_wait, timers.probe_gap},
           Rule{"probes are not all at once", timers.probe_gap, microseconds(100)},
           Rule{"probing takes half a lease at most", timers.lease / 2, round},
           Rule{"probing outlasts what a unit that lets go may still send", round,
                drifted(timers.burst, timers.drift_ppm)},
           Rule{"no burst is longer than any", kLongestBurst, timers.burst},
           Rule{"a step of a handoff outlasts a promise", timers.handoff_step, 2 * timers.dead},
       }) {
    if (rule.value < rule.at_least) return broken(rule.text, rule.value, rule.at_least);
  }
  return {};
}

}  // namespace yoke::pair
