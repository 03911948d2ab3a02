// SPDX-License-Identifier: Apache-2.0
// Whatever the wire does, the peer ends up with the flows that we have.
#include <gtest/gtest.h>

#include "tests/unit/sync/pair.h"

namespace yoke::sync {
namespace {

struct Case {
  std::string name;
  UnitSpec active, standby;
  Link::Faults faults;
};

UnitSpec spec(std::uint8_t workers, bool has_other_slots = false, std::size_t out_room = 4096,
              std::size_t in_room = 4096) {
  UnitSpec s;
  s.workers = workers;
  s.has_other_slots = has_other_slots;
  s.out_room = out_room;
  s.in_room = in_room;
  return s;
}

std::vector<Case> cases() {
  using std::chrono::microseconds;
  return {
      {"AGoodWire", spec(2), spec(2), {}},
      {"OnePercentLost", spec(2), spec(2), {0.01, 0.01, microseconds(300)}},
      {"TenPercentLostDoubledAndLate", spec(2), spec(2), {0.1, 0.1, microseconds(4000)}},
      {"OtherSlots", spec(2), spec(2, true), {0.03, 0.02, microseconds(1000)}},
      {"MoreWorkersThere", spec(2), spec(3, true), {0.03, 0.02, microseconds(1000)}},
      {"FewerWorkersThere", spec(3, true), spec(1), {0.03, 0.02, microseconds(1000)}},
      {"SmallRingOut", spec(2, false, 128), spec(2), {0.02, 0.02, microseconds(2000)}},
      {"SmallRingIn", spec(2), spec(2, false, 4096, 16), {0.02, 0.02, microseconds(2000)}},
      {"SmallRings", spec(3, false, 128), spec(2, true, 4096, 8), {0.1, 0.1, microseconds(4000)}},
  };
}

class Channel : public ::testing::TestWithParam<std::tuple<Case, int>> {};
INSTANTIATE_TEST_SUITE_P(EveryCase, Channel,
                         ::testing::Combine(::testing::ValuesIn(cases()), ::testing::Range(1, 6)),
                         [](const auto& each) {
                           return std::get<0>(each.param).name + "Seed" +
                                  std::to_string(std::get<1>(each.param));
                         });

TEST_P(Channel, TheTablesEndUpEqual) {
  const auto& [c, seed] = GetParam();
  Pair pair(c.active, c.standby, c.faults, static_cast<std::uint64_t>(seed));
  Clients clients(*pair.active_, static_cast<std::uint64_t>(seed));
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 300; ++i) {
      for (auto n = random() % 12; n > 0; --n) clients.act();
      if (random() % 8 == 0) pair.active_->sweep(pair.tick(), 64);
      pair.turn();
    }
    ASSERT_TRUE(pair.settle());
    const PlainFlows ours = pair.active_->plain_flows();
    ASSERT_EQ(pair.standby_->plain_flows(), ours);
    EXPECT_GT(ours.size(), 50U);
    // Long enough that what is closed or was never answered ends.
    pair.now_ += std::chrono::minutes(3);
    pair.active_->sweep(pair.tick(), 2000);
  }
  EXPECT_GT(clients.opened(), 1000U);
}

}  // namespace
}  // namespace yoke::sync
