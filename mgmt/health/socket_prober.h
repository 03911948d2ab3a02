// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/http_prober.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

// Probes over real sockets, of every type. Threads: the loop's own.
class SocketProber final : public Prober {
 public:
  explicit SocketProber(sd_event* loop) : loop_(loop), http_(loop) {}

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override;

 private:
  sd_event* loop_;
  HttpProber http_;
};

}  // namespace yoke::health
