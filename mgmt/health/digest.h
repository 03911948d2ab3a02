// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Digests that logins are made of, as bytes. Pure; threads: any.
namespace yoke::health {

[[nodiscard]] std::string sha1(std::string_view data);
[[nodiscard]] std::string sha256(std::string_view data);
[[nodiscard]] std::string md5_hex(std::string_view data);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data);
// PBKDF2 by HMAC-SHA-256, 32 bytes.
[[nodiscard]] std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                                        unsigned iterations);
// Byte by byte, as far as `b` goes.
[[nodiscard]] std::string exclusive_or(std::string a, std::string_view b);

}  // namespace yoke::health
