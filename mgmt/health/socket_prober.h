// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "mgmt/health/http_prober.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/scram.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

// Probes over real sockets, of every kind. At most three of four of the process's descriptors are
// theirs, so that it keeps enough to be spoken to: beyond that, probes are not tried. Threads: the
// loop's own.
class SocketProber final : public Prober {
 public:
  // Certificates are verified against those in the file `trusted`; empty: the system's.
  explicit SocketProber(sd_event* loop, const std::string& trusted = {});

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override;

 private:
  [[nodiscard]] std::unique_ptr<Probe> begin(const net::Endpoint& server, const Check& check,
                                             ProbeDone done);

  sd_event* loop_;
  LoopLag lag_;
  TlsContext tls_;
  HttpProber http_;
  ScramKeys scram_keys_;
  std::size_t under_way_max_;
  std::size_t under_way_ = 0;
};

}  // namespace yoke::health
