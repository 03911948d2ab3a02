// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace yoke::health {

// The client of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding: tells a server that
// the password is known, and is told that the server knows it too. Pure; threads: owned by one.
class Scram {
 public:
  // `user` may be empty where the protocol around has told it; `nonce` is printable and used once.
  Scram(std::string user, std::string password, std::string nonce);

  [[nodiscard]] std::string first_message() const;
  // Why not, in words; the errors have no identifier of their own.
  [[nodiscard]] Result<std::string> final_message(std::string_view server_first);
  [[nodiscard]] Status verify(std::string_view server_final) const;

 private:
  std::string password_;
  std::string first_bare_;
  std::string nonce_;
  std::string server_signature_;
};

}  // namespace yoke::health
