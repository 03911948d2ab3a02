// SPDX-License-Identifier: Apache-2.0
#include "hal/base/spsc_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace yoke {
namespace {

TEST(SpscRing, GivesBackWhatItTookInOrder) {
  SpscRing<int> ring(3);
  EXPECT_EQ(ring.capacity(), 4U);
  EXPECT_EQ(ring.front(), nullptr);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(4));
    EXPECT_FALSE(ring.has_room());
    EXPECT_EQ(ring.size(), 4U);
    for (int i = 0; i < 4; ++i) {
      ASSERT_NE(ring.front(), nullptr);
      EXPECT_EQ(*ring.front(), i);
      ring.pop();
      EXPECT_TRUE(ring.has_room(static_cast<std::size_t>(i) + 1));
      EXPECT_FALSE(ring.has_room(static_cast<std::size_t>(i) + 2));
    }
  }
}

TEST(SpscRing, LosesNothingBetweenTwoThreads) {
  constexpr std::uint64_t kValues = 20'000;
  struct Wide {
    std::uint64_t a, b;
  };
  SpscRing<Wide> ring(64);
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kValues;) {
      if (ring.push({i, ~i})) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t torn = 0;
  for (std::uint64_t i = 0; i < kValues;) {
    if (const Wide* value = ring.front()) {
      torn += value->a == i && value->b == ~i ? 0 : 1;
      ring.pop();
      ++i;
    } else {
      std::this_thread::yield();
    }
  }
  writer.join();
  EXPECT_EQ(torn, 0U);
}

}  // namespace
}  // namespace yoke
