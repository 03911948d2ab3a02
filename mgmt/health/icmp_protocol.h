// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/protocol.h"

namespace yoke::health {

// One echo request (RFC 792, RFC 4443), and its reply told from all others by the bytes it carries.
// Pure; threads: owned by one.
class IcmpProtocol final : public Protocol {
 public:
  enum class Family : std::uint8_t { kV4, kV6 };

  // `token` is what the reply must carry: at most 64 bytes that nobody else sends.
  IcmpProtocol(Family family, std::string token) : family_(family), token_(std::move(token)) {}

  [[nodiscard]] Move connected() override;
  [[nodiscard]] Move received(std::string& unread) override;

 private:
  Family family_;
  std::string token_;
};

}  // namespace yoke::health
