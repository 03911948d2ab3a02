// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"
#include "mgmt/health/protocol.h"

namespace yoke::health {

// Redis: AUTH where there is a password, PING, the role by INFO where one is expected, QUIT. A
// replica that has lost its primary is none. Pure; threads: owned by one.
class RedisProtocol final : public Protocol {
 public:
  explicit RedisProtocol(const Check& check);

  [[nodiscard]] Move connected() override;
  [[nodiscard]] Move received(std::string& unread) override;
  [[nodiscard]] std::optional<Move> closed(std::string_view unread) override;

 private:
  enum class State : std::uint8_t { kAuth, kPing, kInfo, kQuit };

  [[nodiscard]] Move ping(std::string seen);
  [[nodiscard]] Move quit(std::string seen);
  [[nodiscard]] Move take_line(std::string_view line);
  [[nodiscard]] Move take_info(std::string_view info);
  [[nodiscard]] std::string_view stage() const;

  std::string user_;
  std::string password_;
  std::string role_;
  State state_ = State::kPing;
  std::string verdict_ = "PONG";
};

}  // namespace yoke::health
