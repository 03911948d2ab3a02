// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/hash_key.h"

#include "mgmt/pair/wire/agreement.h"

namespace yoke::pair {

HashKey hash_key_of(const KeyBytes& pair_key) {
  HashKey key{};
  hkdf(pair_key, Bits256{}, "yoke data plane hash key 1", key);
  return key;
}

}  // namespace yoke::pair
