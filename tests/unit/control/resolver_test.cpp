// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/resolver.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/control/fake_workers.h"

namespace yoke::control {
namespace {

using Needs = std::vector<Controller::Need>;
using std::chrono::milliseconds;

TEST(Resolver, WhatIsMissingIsAskedForEverySecondAndWhatIsKnownEveryHalfMinute) {
  Resolver resolver;
  const Needs needs{{0, ip("10.0.0.1"), false}, {1, ip("10.0.0.1"), true}};
  std::map<unsigned, int> asked;  // by port
  const MonoTime start{};
  for (int ms = 0; ms < 60'000; ms += 250) {
    for (const auto& need : resolver.due(needs, start + milliseconds(ms))) ++asked[need.port];
  }
  EXPECT_EQ(asked[0], 60);
  EXPECT_EQ(asked[1], 2);
}

TEST(Resolver, WhatIsNewIsAskedForAtOnceAndWhatIsGoneForgotten) {
  Resolver resolver;
  const MonoTime now{};
  const Needs one{{0, ip("10.0.0.1"), false}};
  EXPECT_EQ(resolver.due(one, now), one);
  EXPECT_TRUE(resolver.due(one, now).empty());
  EXPECT_TRUE(resolver.due({}, now).empty());
  EXPECT_EQ(resolver.due(one, now), one);
}

TEST(Resolver, EveryoneHasATurnHoweverManyThereAre) {
  Resolver resolver;
  Needs needs;
  for (unsigned i = 0; i < 1000; ++i) {
    needs.push_back({0,
                     net::IpAddress::v4(10, 0, static_cast<std::uint8_t>(i / 250),
                                        static_cast<std::uint8_t>(i % 250 + 1)),
                     i % 2 == 0});
  }
  std::set<net::IpAddress> seen;
  MonoTime now{};
  for (int turn = 0; turn < 4; ++turn, now += milliseconds(200)) {
    const auto due = resolver.due(needs, now);
    EXPECT_LE(due.size(), Resolver::kBatch);
    for (const auto& need : due) seen.insert(need.address);
    if (turn == 0) {
      EXPECT_FALSE(due.front().resolved) << "the missing ones first";
    }
  }
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace yoke::control
