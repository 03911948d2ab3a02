// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/slots.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace yoke::control {
namespace {

using Names = Slots<std::string>;

TEST(Slots, AKeyKeepsItsPlaceWhateverComesAndGoesAroundIt) {
  const auto first = Names(8).following({"a", "b", "c"});
  const auto second = first.following({"b", "d"});
  EXPECT_EQ(*second.find("b"), *first.find("b"));
  EXPECT_EQ(second.find("a"), nullptr);
  EXPECT_NE(second.find("d"), nullptr);
}

TEST(Slots, ASlotStillInUseByTheRunningSnapshotIsGivenLast) {
  const auto first = Names(3).following({"a", "b"});
  const auto second = first.following({"b", "c"});
  EXPECT_EQ(second.find("c")->slot, 2) << "slot 0 was free only from then on";
  const auto third = second.following({"b", "c", "d"});
  EXPECT_EQ(third.find("d")->slot, 0);
  const auto full = third.following({"b", "c", "e"});
  EXPECT_EQ(full.find("e")->slot, 0) << "with no other left, it is taken all the same";
}

TEST(Slots, ARenamedKeyStaysWhereItIs) {
  auto slots = Names(3).following({"a", "b"});
  const auto place = *slots.find("b");
  slots.rename({{"b", "z"}});
  EXPECT_EQ(slots.find("b"), nullptr);
  EXPECT_EQ(*slots.find("z"), place);
}

TEST(Slots, ManyThatAreRenamedAtOnceAreFoundByTheirNewNames) {
  auto slots = Names(4).following({"a", "b", "c", "d"});
  const auto a = *slots.find("a"), b = *slots.find("b"), c = *slots.find("c");
  slots.rename({{"a", "x"}, {"b", "0"}});
  EXPECT_EQ(*slots.find("x"), a);
  EXPECT_EQ(*slots.find("0"), b);
  EXPECT_EQ(*slots.find("c"), c);
  EXPECT_EQ(slots.find("a"), nullptr);
  EXPECT_EQ(slots.all().size(), 4U);
}

TEST(Slots, NoTwoKeysShareASlotAndNoPlaceIsEverGivenTwice) {
  constexpr std::size_t kCapacity = 20;
  std::mt19937 random(7);
  Names slots(kCapacity);
  std::map<std::pair<std::uint16_t, std::uint16_t>, int> given;  // how often each place began
  std::size_t extent = 0;
  for (int round = 0; round < 500; ++round) {
    std::set<std::string> keys;
    while (keys.size() < random() % (kCapacity + 1)) keys.insert(std::to_string(random() % 40));
    const auto next = slots.following({keys.begin(), keys.end()});
    std::set<std::uint16_t> taken;
    ASSERT_EQ(next.all().size(), keys.size());
    for (const auto& [key, place] : next.all()) {
      EXPECT_TRUE(keys.contains(key));
      EXPECT_TRUE(taken.insert(place.slot).second);
      EXPECT_LT(place.slot, kCapacity);
      const auto* before = slots.find(key);
      if (before != nullptr) {
        EXPECT_EQ(*before, place);
      } else {
        EXPECT_EQ(++given[std::pair(place.slot, place.incarnation)], 1);
      }
    }
    EXPECT_GE(next.extent(), extent);
    extent = next.extent();
    slots = next;
  }
}

}  // namespace
}  // namespace yoke::control
