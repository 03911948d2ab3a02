// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/check.h"
#include "mgmt/health/protocol.h"
#include "mgmt/health/scram.h"

namespace yoke::health {

// PostgreSQL (protocol 3.0). Without an account: whether it would take a login, as pg_isready asks.
// With one: a login (by SCRAM-SHA-256, MD5 or, to a verified server alone, the password itself),
// whether it is in recovery where a role is expected, and a proper end. Pure; threads: owned by
// one.
class PostgresqlProtocol final : public Protocol {
 public:
  // `nonce` is printable and used once; `keys` outlives this.
  PostgresqlProtocol(const Check& check, std::string nonce, ScramKeys& keys);

  [[nodiscard]] Move connected() override;
  [[nodiscard]] Move secured() override;
  [[nodiscard]] Move received(std::string& unread) override;
  [[nodiscard]] std::optional<Move> closed(std::string_view unread) override;

 private:
  enum class State : std::uint8_t { kTls, kStartup, kLogin, kRole, kQuit };
  // What an authentication request asks for.
  enum class Authentication : std::uint32_t {
    kDone = 0,
    kPassword = 3,
    kMd5 = 5,
    kSasl = 10,
    kSaslContinue = 11,
    kSaslFinal = 12,
  };
  // The server's, that it knows the password.
  enum class Proof : std::uint8_t { kNotAsked, kWanted, kGiven };

  [[nodiscard]] Move begin();
  [[nodiscard]] Move take(char type, std::string_view body);
  [[nodiscard]] Move take_tls(std::string& unread);
  [[nodiscard]] Move refused(std::string_view body);
  [[nodiscard]] Move authenticate(std::string_view body);
  [[nodiscard]] Move begin_scram(std::string_view mechanisms);
  [[nodiscard]] Move take_scram(Authentication wanted, std::string_view said);
  [[nodiscard]] Move answer_md5(std::string_view salt);
  [[nodiscard]] Move take_row(std::string_view body);
  [[nodiscard]] Move ready();
  [[nodiscard]] std::string_view stage() const;

  std::string user_;
  std::string password_;
  std::string database_;
  std::string role_;
  bool wants_tls_;
  bool verifies_;
  bool has_tls_ = false;
  State state_ = State::kStartup;
  Proof proof_ = Proof::kNotAsked;
  Scram scram_;
  std::string in_recovery_;  // "t" or "f", once told
  std::string seen_;
};

}  // namespace yoke::health
