// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/limit_watch.h"

#include <gtest/gtest.h>

#include <utility>

namespace yoke::alarms {
namespace {

using std::chrono::seconds;

class Watching : public ::testing::Test {
 protected:
  // What stands at `second`, the data plane having told so many.
  std::vector<Condition> at(int second, std::map<std::string, std::uint64_t> of_web) {
    api::Counters counters;
    if (!of_web.empty()) counters.refused["web"] = std::move(of_web);
    const MonoTime now = MonoTime(seconds(1000 + second));
    watch_.look(counters, now);
    return watch_.conditions(now);
  }

  LimitWatch watch_;
};

TEST_F(Watching, WhatWasRefusedBeforeTheFirstLookIsNoNews) {
  EXPECT_TRUE(at(0, {{"vip-rate", 7}}).empty());
  EXPECT_TRUE(at(5, {{"vip-rate", 7}}).empty());
  EXPECT_EQ(at(10, {{"vip-rate", 8}}).size(), 1U);
}

TEST_F(Watching, ALimitThatIsReachedNowAndThenIsOneCondition) {
  EXPECT_TRUE(at(0, {}).empty());
  std::uint64_t refused = 0;
  for (int second = 5; second < 600; second += 55) {
    const auto found = at(second, {{"vip-limit", ++refused}});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().subject, "web");
    EXPECT_EQ(found.front().text, "vip web refuses new flows: it has reached its max-flows");
    EXPECT_EQ(at(second + 50, {{"vip-limit", refused}}).size(), 1U);
  }
  EXPECT_TRUE(at(1000, {{"vip-limit", refused}}).empty());
}

TEST_F(Watching, ListsAndSingleClientsRaiseNothing) {
  EXPECT_TRUE(at(0, {}).empty());
  EXPECT_TRUE(at(5, {{"denied", 100}, {"not-allowed", 3}, {"client-rate", 9}}).empty());
}

TEST_F(Watching, BothLimitsAreNamedInOne) {
  EXPECT_TRUE(at(0, {}).empty());
  const auto found = at(5, {{"vip-limit", 1}, {"vip-rate", 1}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().text,
            "vip web refuses new flows: it has reached its max-flows and its new-flow-rate");
}

TEST_F(Watching, ADataPlaneThatStartedAnewAndAVipThatIsGone) {
  EXPECT_TRUE(at(0, {{"vip-rate", 100}}).empty());
  EXPECT_EQ(at(5, {{"vip-rate", 3}}).size(), 1U) << "it counts from 0 again";
  EXPECT_TRUE(at(10, {}).empty());
}

}  // namespace
}  // namespace yoke::alarms
