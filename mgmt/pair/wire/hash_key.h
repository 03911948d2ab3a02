// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "mgmt/pair/wire/cipher.h"

namespace yoke::pair {

// Keys every hash and Maglev table of both units' data planes.
using HashKey = std::array<std::uint8_t, 16>;

// It follows from the first key of a pair, so that both units have the same without telling each
// other, from the moment that they have that. It stays when that is replaced (rotation.h), as flows
// and Maglev tables hang on it, and is another only where the units are paired anew. Who has it
// learns nothing of the pair's key (HKDF, RFC 5869). Threads: pure.
[[nodiscard]] HashKey hash_key_of(const KeyBytes& pair_key);

}  // namespace yoke::pair
