// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/socket_prober.h"

#include "mgmt/health/tcp_probe.h"

namespace yoke::health {

std::unique_ptr<Probe> SocketProber::start(const net::Endpoint& server, const Check& check,
                                           ProbeDone done) {
  net::Endpoint target = server;
  if (check.port != 0) target.port = check.port;
  switch (check.type) {
    case CheckType::kTcp:
      return std::make_unique<TcpProbe>(loop_, target, check.timeout, std::move(done));
    case CheckType::kHttp:
      break;
  }
  return http_.start(target, check, std::move(done));
}

}  // namespace yoke::health
