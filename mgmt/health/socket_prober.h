// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "mgmt/health/http_prober.h"
#include "mgmt/health/kinds.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/scram.h"
#include "mgmt/health/script_prober.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

// Probes over real sockets, of every kind, and by scripts. At most three of four of the process's
// descriptors are theirs, so that it keeps enough to be spoken to: beyond that, probes are not
// tried. Scripts, of which few run at once, count for none. Threads: the loop's own.
class SocketProber final : public Prober {
 public:
  // Certificates are verified against those in the file `trusted`; empty: the system's.
  explicit SocketProber(sd_event* loop, const std::string& trusted = {},
                        ScriptProber::Place scripts = {});

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override;

 private:
  [[nodiscard]] std::unique_ptr<Probe> begin(const Kind& kind, const net::Endpoint& target,
                                             const Check& check, ProbeDone done);

  sd_event* loop_;
  LoopLag lag_;
  TlsContext tls_;
  HttpProber http_;
  ScriptProber scripts_;
  ScramKeys scram_keys_;
  std::size_t under_way_max_;
  std::size_t under_way_ = 0;
};

}  // namespace yoke::health
