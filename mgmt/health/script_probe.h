// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "hal/base/clock.h"
#include "hal/linux/program.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/script_prober.h"

namespace yoke::health {

// One run of a script, which ScriptProber begins when its turn has come. Threads: the loop's own.
class ScriptProbe final : public Probe {
 public:
  // `prober` outlives it.
  ScriptProbe(ScriptProber& prober, const net::Endpoint& server, const Check& check,
              ProbeDone done);
  ScriptProbe(const ScriptProbe&) = delete;
  ScriptProbe& operator=(const ScriptProbe&) = delete;
  ~ScriptProbe() override;

  [[nodiscard]] MonoClock::duration waited() const override;

  // By the prober, once. It may be destroyed within.
  void begin();

 private:
  enum class State : std::uint8_t { kWaiting, kRunning, kEnded };

  [[nodiscard]] hal::ProgramPlan plan() const;
  void take(const hal::ProgramEnd& end);
  [[nodiscard]] ProbeResult result_of(const hal::ProgramEnd& end,
                                      std::chrono::microseconds duration) const;
  void finish(ProbeResult result);
  void leave();

  ScriptProber& prober_;
  net::Endpoint server_;
  Check check_;
  ProbeDone done_;
  State state_ = State::kWaiting;
  ScriptProber::Queue::iterator place_;  // while it waits
  MonoTime asked_, began_;
  std::unique_ptr<hal::Program> program_;
};

}  // namespace yoke::health
