// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/socket_prober.h"

#include "mgmt/health/conversation.h"
#include "mgmt/health/kinds.h"

namespace yoke::health {

std::unique_ptr<Probe> SocketProber::start(const net::Endpoint& server, const Check& check,
                                           ProbeDone done) {
  net::Endpoint target = server;
  if (check.port != 0) target.port = check.port;
  const Kind& kind = *kind_of(check);
  if (kind.exchange != nullptr) {
    return http_.start(target, check, kind.exchange(check), std::move(done));
  }
  Conversation::Plan plan{.transport = transport_of(kind, check),
                          .tls_first = speaks_tls_first(kind, check),
                          .protocol = kind.protocol(target, check),
                          .tls = &tls_};
  return std::make_unique<Conversation>(loop_, target, check, std::move(plan), std::move(done));
}

}  // namespace yoke::health
