// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "mgmt/health/http_prober.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

// Probes over real sockets, of every kind. Threads: the loop's own.
class SocketProber final : public Prober {
 public:
  // Certificates are verified against those in the file `trusted`; empty: the system's.
  explicit SocketProber(sd_event* loop, const std::string& trusted = {})
      : loop_(loop), tls_(trusted), http_(loop, trusted) {}

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override;

 private:
  sd_event* loop_;
  TlsContext tls_;
  HttpProber http_;
};

}  // namespace yoke::health
