// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "mgmt/pair/wire/cipher.h"

namespace yoke::pair {

// Keys every hash and Maglev table of both units' data planes.
using HashKey = std::array<std::uint8_t, 16>;

// It follows from the pair's key, so that both units have the same without telling each other, from
// the moment that they have that; and it is another only where that is replaced. Who has it learns
// nothing of the pair's key (HKDF, RFC 5869). Threads: pure.
[[nodiscard]] HashKey hash_key_of(const KeyBytes& pair_key);

}  // namespace yoke::pair
