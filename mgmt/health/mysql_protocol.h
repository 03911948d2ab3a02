// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"
#include "mgmt/health/mysql_packet.h"
#include "mgmt/health/protocol.h"

namespace yoke::health {

// MySQL and MariaDB. Without an account the server's greeting is enough. With one: a login (by
// mysql_native_password or caching_sha2_password), whether it may be written to where a role is
// expected, how far its replication is behind where that has a bound, and a proper end. The
// password itself is told to a verified server alone. Pure; threads: owned by one.
class MysqlProtocol final : public Protocol {
 public:
  explicit MysqlProtocol(const Check& check);

  [[nodiscard]] Move connected() override { return receive("greeting"); }
  [[nodiscard]] Move secured() override;
  [[nodiscard]] Move received(std::string& unread) override;
  [[nodiscard]] std::optional<Move> closed(std::string_view unread) override;

 private:
  enum class State : std::uint8_t { kGreeting, kLogin, kRole, kReplication, kQuit };

  [[nodiscard]] Move take(const mysql::Packet& packet);
  [[nodiscard]] Move greet(const mysql::Packet& packet);
  [[nodiscard]] Move log_in();
  [[nodiscard]] Move take_login(const mysql::Packet& packet);
  [[nodiscard]] Move tell_password(const mysql::Packet& packet);
  [[nodiscard]] Move take_row(const mysql::Packet& packet);
  [[nodiscard]] Move judge_role();
  [[nodiscard]] Move judge_replication();
  [[nodiscard]] Move refused(const mysql::Failure& failure);
  [[nodiscard]] Move ask(State state, std::string_view sql, std::string seen);
  [[nodiscard]] Move go_on(std::string seen);
  [[nodiscard]] static Move leave(std::string text);
  [[nodiscard]] std::string_view stage() const;

  std::string user_;
  std::string password_;
  std::string role_;
  std::chrono::milliseconds lag_max_;
  bool wants_tls_;
  bool verifies_;
  bool has_tls_ = false;
  State state_ = State::kGreeting;
  std::uint8_t next_number_ = 1;
  mysql::Greeting greeting_;
  mysql::RowReader row_;
  bool asks_old_way_ = false;
  bool role_is_known_ = false;
  bool lag_is_known_ = false;
  std::string verdict_;
};

}  // namespace yoke::health
