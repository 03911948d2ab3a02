// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "mgmt/pair/rules.h"

namespace yoke::pair {
namespace {

Rank rank() {
  return Rank{.eligible = true, .ready = true, .health = 100, .priority = 100, .config = {}};
}

TEST(PairRules, OfTwoUnitsExactlyOneOutranksTheOther) {
  std::vector<Rank> ranks(7, rank());
  ranks[1].eligible = false;
  ranks[2].ready = false;
  ranks[3].health = 50;
  ranks[4].priority = 101;
  ranks[5].config.revision = 3;
  ranks[6].config = {.epoch = 2, .revision = 1, .hash = 0};
  for (const auto& a : ranks) {
    for (const auto& b : ranks) {
      EXPECT_NE(outranks(a, Unit::kA, b, Unit::kB), outranks(b, Unit::kB, a, Unit::kA));
    }
  }
}

TEST(PairRules, NewerConfigurationGoesBeforePriority) {
  Rank newer = rank();
  newer.config.revision = 3;
  Rank preferred = rank();
  preferred.priority = 255;
  EXPECT_TRUE(outranks(newer, Unit::kB, preferred, Unit::kA));
}

TEST(PairRules, EpochsGrowAndAreTheUnitsOwn) {
  pair::Setup setup;
  setup.timers = *profile("fast");
  setup.rules = &kRules;
  State state;
  for (const Unit unit : {Unit::kA, Unit::kB}) {
    setup.config.unit = unit;
    for (Epoch seen = 0; seen < 9; ++seen) {
      for (Epoch floor = 0; floor < 9; ++floor) {
        state.seen = seen;
        state.floor = floor;
        const Epoch epoch = kRules.mint(View{setup, state, MonoTime{}});
        EXPECT_GT(epoch, std::max(seen, floor));
        EXPECT_EQ(epoch & 1U, static_cast<Epoch>(unit));
      }
    }
  }
}

TEST(PairRules, EveryReasonHasACodeOfItsOwn) {
  std::set<std::string> codes;
  for (const auto& each : kReasons) {
    EXPECT_FALSE(each.text.empty());
    EXPECT_TRUE(codes.insert(std::string(each.code)).second) << each.code;
  }
  EXPECT_EQ(meaning(static_cast<Reason>(200)).reason, Reason::kNone);
}

}  // namespace
}  // namespace yoke::pair
