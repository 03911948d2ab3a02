// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/health/check.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

// Probes that somebody asks for: beside those of the Scheduler, of which they change nothing.
// Threads: the loop's own.
class Trials {
 public:
  static constexpr std::size_t kProbesMax = 256;  // of a trial
  static constexpr std::size_t kTrialsMax = 16;   // at once
  // One that nobody asks for any more makes room for another.
  static constexpr std::chrono::seconds kForgottenAfter{10};

  struct Tried {
    std::string pool;
    net::Endpoint server;
    std::string check;
    std::optional<ProbeResult> result;  // nothing while it is under way
  };
  struct Trial {
    std::vector<Tried> tried;
    [[nodiscard]] bool is_done() const;
  };

  // `prober` outlives this.
  explicit Trials(Prober& prober, std::function<MonoTime()> now = &MonoClock::now)
      : prober_(prober), now_(std::move(now)) {}

  // Begins a probe for each check of each target; the number of the trial. E-421 for too many, of
  // probes or of trials.
  [[nodiscard]] Result<std::uint64_t> start(const std::vector<Target>& targets);
  // Null once it has been given up or forgotten.
  [[nodiscard]] const Trial* find(std::uint64_t number);
  void forget(std::uint64_t number) { running_.erase(number); }

 private:
  struct Running {
    MonoTime began, asked_for;
    std::chrono::milliseconds timeout{0};  // the longest
    Trial trial;
    std::vector<std::unique_ptr<Probe>> probes;
  };

  [[nodiscard]] Result<std::unique_ptr<Running>> prepare(const std::vector<Target>& targets);

  Prober& prober_;
  std::function<MonoTime()> now_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Running>> running_;
};

}  // namespace yoke::health
