// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_directory.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace yoke::lb {
namespace {

constexpr std::uint8_t kNobody = 0xff;

TEST(FlowDirectory, SaysWhoHasIt) {
  FlowDirectory directory(1000);
  EXPECT_EQ(directory.next(7, kNobody), std::nullopt);
  EXPECT_TRUE(directory.add(7, 3));
  EXPECT_EQ(directory.next(7, kNobody), 3);
  EXPECT_EQ(directory.next(7, 0), 3);
  EXPECT_EQ(directory.next(8, kNobody), std::nullopt);
  EXPECT_EQ(directory.next(7, 3), std::nullopt) << "who asks has looked already";
  EXPECT_FALSE(directory.remove(7, 2));
  EXPECT_TRUE(directory.remove(7, 3));
  EXPECT_FALSE(directory.remove(7, 3));
  EXPECT_EQ(directory.next(7, kNobody), std::nullopt);
}

TEST(FlowDirectory, OneHashOfManyIsAskedInTurnOnce) {
  FlowDirectory directory(1000);
  const std::set<std::uint8_t> owners{0, 5, 9, 63};
  for (const std::uint8_t owner : owners) EXPECT_TRUE(directory.add(7, owner));
  std::set<std::uint8_t> asked;
  for (auto owner = directory.next(7, 30); owner; owner = directory.next(7, *owner)) {
    EXPECT_TRUE(asked.insert(*owner).second) << "twice: " << int{*owner};
  }
  EXPECT_EQ(asked, owners);
}

TEST(FlowDirectory, AtHalfLoadNearlyAllFindRoom) {
  constexpr std::size_t kFlows = 100'000;
  FlowDirectory directory(kFlows);
  std::mt19937 random(1);
  std::vector<std::uint32_t> hashes(kFlows);
  std::size_t without = 0;
  for (auto& hash : hashes) hash = static_cast<std::uint32_t>(random());
  for (const auto hash : hashes) without += directory.add(hash, 1) ? 0U : 1U;
  EXPECT_LT(without, kFlows / 100);
  std::size_t found = 0, gone = 0;
  for (const auto hash : hashes) found += directory.next(hash, kNobody) == 1 ? 1U : 0U;
  EXPECT_GE(found, kFlows - without);
  for (const auto hash : hashes) gone += directory.remove(hash, 1) ? 1U : 0U;
  EXPECT_EQ(gone, kFlows - without);
}

TEST(FlowDirectory, TheSmallestHasRoom) {
  FlowDirectory directory(1);
  for (std::uint8_t owner = 0; owner < 8; ++owner) EXPECT_TRUE(directory.add(1, owner));
}

}  // namespace
}  // namespace yoke::lb
