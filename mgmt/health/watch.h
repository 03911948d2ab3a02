// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/health/dampener.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

// One check of one server, again and again: a probe each interval, never two at once. Threads: the
// loop's own.
class Watch {
 public:
  // `changed` is called when the verdict has changed; it must not destroy the watch. `prober`
  // outlives it.
  Watch(sd_event* loop, Prober& prober, const net::Endpoint& server, const Check& check,
        std::function<void()> changed);

  // The first probe is due `after` from now; then one each interval, counted from there.
  void start(std::chrono::milliseconds after);
  // Gives up what is under way. What was seen so far counts no more, the verdict stays.
  void stop();
  // From elsewhere: before a restart, or under other settings.
  void adopt(Verdict verdict) { dampener_.adopt(verdict); }

  [[nodiscard]] const Check& check() const noexcept { return check_; }
  [[nodiscard]] Verdict verdict() const noexcept { return dampener_.verdict(); }
  [[nodiscard]] MonoTime since() const noexcept { return since_; }  // of the verdict
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
  [[nodiscard]] const std::string& last_text() const noexcept { return last_text_; }

 private:
  void begin();
  void take(const ProbeResult& result);

  Prober& prober_;
  net::Endpoint server_;
  Check check_;
  std::function<void()> changed_;
  Dampener dampener_;
  MonoTime due_;
  MonoTime since_;
  std::uint64_t failures_ = 0;
  std::string last_text_;
  hal::Timer next_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace yoke::health
