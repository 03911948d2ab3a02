// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hal/base/result.h"

namespace yoke::health {

// What a password makes with a server's salt: the same each time, and milliseconds of work, which
// checks should not do for each probe on the one thread there is. Threads: the loop's own.
class ScramKeys {
 public:
  struct Pair {
    std::string client, server;
  };
  // Keeps the last `kept`, and at most as many older ones: by default enough for every server there
  // can be, in a few megabytes.
  explicit ScramKeys(std::size_t kept = 32'768) : kept_(kept) {}

  // Stays until the next call.
  [[nodiscard]] const Pair& of(std::string_view password, std::string_view salt,
                               unsigned iterations);
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }  // not found here

 private:
  // By a digest of what they are of: no password stays here.
  using Pairs = std::unordered_map<std::string, Pair>;
  std::size_t kept_;
  Pairs recent_, older_;
  std::uint64_t made_ = 0;
};

// The client of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding: tells a server that
// the password is known, and is told that the server knows it too. Pure; threads: owned by one.
class Scram {
 public:
  // `user` may be empty where the protocol around has told it; `nonce` is printable and used once;
  // `keys` outlives this.
  Scram(std::string user, std::string password, std::string nonce, ScramKeys& keys);

  [[nodiscard]] std::string first_message() const;
  // Why not, in words; the errors have no identifier of their own.
  [[nodiscard]] Result<std::string> final_message(std::string_view server_first);
  [[nodiscard]] Status verify(std::string_view server_final) const;

 private:
  std::string password_;
  std::string first_bare_;
  std::string nonce_;
  std::string server_signature_;  // empty before final_message()
  ScramKeys& keys_;
};

}  // namespace yoke::health
