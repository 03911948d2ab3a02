// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/hash_key.h"

#include <gtest/gtest.h>

namespace yoke::pair {
namespace {

// It must not change between releases: both units would hash differently until both have the newer.
// HKDF-SHA-256 of 32 octets 5a, a salt of zeros, and the label, as python3 has it with hmac.
TEST(HashKey, FollowsFromThePairsKeyTheSameInEachRelease) {
  KeyBytes pair_key{};
  pair_key.fill(0x5a);
  const HashKey key = hash_key_of(pair_key);
  EXPECT_EQ(key, hash_key_of(pair_key));
  constexpr HashKey kExpected{0x51, 0x76, 0xf2, 0x0b, 0x9a, 0x35, 0x9e, 0xe2,
                              0x4e, 0x60, 0xba, 0x67, 0xc0, 0xc2, 0xb5, 0xcf};
  EXPECT_EQ(key, kExpected);
}

TEST(HashKey, AnotherPairHasAnother) {
  KeyBytes one{}, other{};
  other[31] = 1;
  EXPECT_NE(hash_key_of(one), hash_key_of(other));
}

}  // namespace
}  // namespace yoke::pair
