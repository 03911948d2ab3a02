// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "mgmt/health/probe.h"

namespace yoke::tracking {

// What this unit's checks make of a pool's servers.
struct PoolTally {
  std::size_t up = 0;
  std::size_t unknown = 0;  // that may turn out to be up
};

// Looks at each kind of what is tracked: gateways and scripts by the prober of servers' checks, the
// others here, at once. Threads: the loop's.
class Prober final : public health::Prober {
 public:
  using Tally = std::function<PoolTally(const std::string& pool)>;

  // `others` outlives it.
  Prober(sd_event* loop, health::Prober& others, Tally tally)
      : loop_(loop), others_(others), tally_(std::move(tally)) {}

  [[nodiscard]] std::unique_ptr<health::Probe> start(const net::Endpoint& server,
                                                     const health::Check& check,
                                                     health::ProbeDone done) override;

 private:
  [[nodiscard]] health::ProbeResult look(const health::Check& check) const;
  [[nodiscard]] health::ProbeResult count(const health::Check& check) const;

  sd_event* loop_;
  health::Prober& others_;
  Tally tally_;
};

}  // namespace yoke::tracking
