// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/net/address.h"
#include "hal/base/clock.h"
#include "mgmt/health/check.h"
#include "mgmt/health/transcript.h"

namespace yoke::health {

enum class Outcome : std::uint8_t {
  kPassed,
  kFailed,
  kNotTried,  // this unit lacked something (file descriptors, ports): says nothing of the server
};

struct ProbeResult {
  Outcome outcome = Outcome::kNotTried;
  std::string text;  // for people: "http 200 3ms", "tcp connection refused"
  std::chrono::microseconds duration{0};
  Transcript transcript = {};
  // Of the server's certificate, where one was seen.
  std::optional<std::chrono::sys_seconds> certificate_end = {};
};

// A probe that has ended.
struct PastProbe {
  MonoTime began;
  ProbeResult result;
};

// One check under way. Destroying it gives it up. Threads: the loop's own.
class Probe {
 public:
  Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  virtual ~Probe() = default;

  // How long it has waited for its turn, where not all are begun at once: so much later its timeout
  // began, if it has.
  [[nodiscard]] virtual MonoClock::duration waited() const { return {}; }
};

// Called once, from the event loop; the last thing that a probe does, which may be destroyed in it.
using ProbeDone = std::function<void(ProbeResult)>;

// Starts probes. Threads: the loop's own.
class Prober {
 public:
  Prober() = default;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  virtual ~Prober() = default;

  // `done` is called within the check's timeout, and the time that the probe waits for its turn;
  // never from within start(). The Probe must be destroyed before the Prober.
  [[nodiscard]] virtual std::unique_ptr<Probe> start(const net::Endpoint& server,
                                                     const Check& check, ProbeDone done) = 0;
};

}  // namespace yoke::health
