// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"
#include "mgmt/health/protocol.h"

namespace yoke::health {

// Sends some bytes, if any, and expects some in the answer: what the kinds tcp, tls and udp do.
// Without either, a connection that stands is enough; without `receive`, any answer. Pure; threads:
// owned by one.
class ExchangeProtocol final : public Protocol {
 public:
  enum class Kind : std::uint8_t { kStream, kDatagram };

  ExchangeProtocol(Kind kind, const Check& check);

  [[nodiscard]] Move connected() override;
  [[nodiscard]] Move received(std::string& unread) override;
  [[nodiscard]] std::optional<Move> closed(std::string_view unread) override;

 private:
  [[nodiscard]] Move mismatch(std::string_view got) const;

  Kind kind_;
  std::string stands_;  // how a connection that is enough reads
  std::string send_;
  std::string receive_;
};

}  // namespace yoke::health
