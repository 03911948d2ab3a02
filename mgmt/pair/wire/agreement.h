// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mgmt/pair/wire/tlv.h"

// The cryptography of pairing: X25519 (RFC 7748), SHA-256, HKDF (RFC 5869). Threads: pure.
namespace yoke::pair {

using Bits256 = std::array<std::uint8_t, 32>;

// The public key of a private one, which is any 32 random octets.
[[nodiscard]] Bits256 public_key(const Bits256& private_key);
// What both ends of an exchange have in common; nothing where the other's key is of small order, by
// which somebody would choose the result.
[[nodiscard]] std::optional<Bits256> shared_secret(const Bits256& private_key,
                                                   const Bits256& others);
[[nodiscard]] Bits256 sha256(Bytes bytes);
// As many octets as `out` has, for the use that `label` names.
void hkdf(const Bits256& secret, const Bits256& salt, std::string_view label,
          std::span<std::uint8_t> out);

}  // namespace yoke::pair
