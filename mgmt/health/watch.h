// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/health/dampener.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/response_time.h"

namespace yoke::health {

// One check of one server, again and again: a probe each interval, never two at once. Threads: the
// loop's own.
class Watch {
 public:
  static constexpr std::size_t kPastMax = 8;
  static constexpr int kLateIntervals = 3;
  static constexpr std::chrono::seconds kUntriedMin{10};

  // Both must not destroy the watch.
  struct Callbacks {
    std::function<void()> changed;   // the verdict has
    std::function<void()> measured;  // response() has a new measurement
  };
  // `prober` outlives it.
  Watch(sd_event* loop, Prober& prober, const net::Endpoint& server, const Check& check,
        Callbacks callbacks);

  // The first probe is due `after` from now; then one each interval, counted from there. Jitter
  // puts one off without moving those that follow, unless it ends only after the next was due.
  void start(std::chrono::milliseconds after);
  // Gives up what is under way. What was seen so far counts no more, the verdict stays.
  void stop();
  // To be called now and then: goes on where there was no memory for a timer or for the end of a
  // probe. A probe that has not ended long after its timeout counts as not tried.
  void mend(MonoTime now);
  // From elsewhere: before a restart, or under other settings.
  void adopt(Verdict verdict) { dampener_.adopt(verdict); }
  void count_first_failures() { dampener_.count_first_failures(); }

  [[nodiscard]] const Check& check() const noexcept { return check_; }
  [[nodiscard]] Verdict verdict() const noexcept { return dampener_.verdict(); }
  [[nodiscard]] MonoTime since() const noexcept { return since_; }  // of the verdict
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
  // Of the probes that passed; 0 before the first.
  [[nodiscard]] std::chrono::microseconds response() const noexcept { return response_.value(); }
  // The last ones, oldest first.
  [[nodiscard]] const std::vector<PastProbe>& past() const noexcept { return past_; }
  // When the server's certificate ends: the first of those that the last kPastMax probes saw, or,
  // where they saw none, what was known before.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_end() const noexcept {
    return certificate_end_;
  }
  // Of the last one; empty before the first. Of one that has waited for its turn longer than
  // kLateIntervals, that it does.
  [[nodiscard]] std::string last_text() const;
  // Its probes have not told whether the server works for so long that it is no accident:
  // kLateIntervals and the timeout, at least kUntriedMin.
  [[nodiscard]] bool is_untried(MonoTime now) const;

 private:
  void begin();
  void take(ProbeResult result);
  void remember(ProbeResult result);
  void look_at_certificates();
  [[nodiscard]] std::chrono::milliseconds interval() const;
  [[nodiscard]] std::chrono::milliseconds jitter(std::chrono::milliseconds interval);

  Prober& prober_;
  net::Endpoint server_;
  Check check_;
  Callbacks callbacks_;
  Dampener dampener_;
  ResponseTime response_;
  std::minstd_rand random_;
  bool is_started_ = false;
  MonoTime due_;  // without jitter
  MonoTime began_;
  MonoTime told_;  // by a result, or when it began to be asked
  MonoTime since_;
  std::uint64_t failures_ = 0;
  std::vector<PastProbe> past_;
  std::optional<std::chrono::sys_seconds> certificate_end_;
  hal::Timer next_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace yoke::health
