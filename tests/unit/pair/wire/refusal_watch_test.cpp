// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/refusal_watch.h"

#include <gtest/gtest.h>

namespace yoke::pair {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RefusalWatchTest : public testing::Test {
 protected:
  // For `span`, `a_second` more each second; whether it was bothered in the end.
  bool pass(seconds span, std::uint64_t a_second) {
    bool stands = watch_.look(count_, now_);
    for (const MonoTime end = now_ + span; now_ < end;) {
      now_ += milliseconds(250);
      count_ += a_second / 4;
      stands = watch_.look(count_, now_);
    }
    return stands;
  }

  RefusalWatch watch_;
  MonoTime now_{std::chrono::hours(1)};
  std::uint64_t count_ = 0;
};

TEST_F(RefusalWatchTest, FloodIsToldAtOnceAndAMinuteLonger) {
  EXPECT_FALSE(pass(seconds(5), 0));
  EXPECT_TRUE(pass(seconds(1), 10'000));
  EXPECT_TRUE(pass(seconds(59), 0));
  EXPECT_FALSE(pass(seconds(2), 0));
}

TEST_F(RefusalWatchTest, FewAreNobodysBusinessHoweverLong) {
  EXPECT_FALSE(pass(seconds(300), 80));
  EXPECT_TRUE(pass(seconds(300), 120));
}

TEST_F(RefusalWatchTest, WhatWasCountedBeforeItLookedIsOld) {
  count_ = 1'000'000;
  EXPECT_FALSE(pass(seconds(20), 0));
}

TEST_F(RefusalWatchTest, CountThatBeginsAnewIsNoFlood) {
  EXPECT_FALSE(pass(seconds(20), 80));
  count_ = 10;
  EXPECT_FALSE(pass(seconds(20), 80));
  EXPECT_TRUE(pass(seconds(1), 10'000));
}

TEST_F(RefusalWatchTest, OneBurstCountsWheneverItComes) {
  for (int quarters = 0; quarters < 50; ++quarters) {
    RefusalWatch watch;
    MonoTime now{std::chrono::hours(1)};
    for (int i = 0; i <= quarters; ++i) EXPECT_FALSE(watch.look(7, now += milliseconds(250)));
    EXPECT_TRUE(watch.look(7 + RefusalWatch::kMany, now + milliseconds(250))) << quarters;
  }
}

TEST(Foul, IsNotWhatAPeerSendsThatHasJustStarted) {
  Refusals refusals;
  refusals.count(Refusal::kStaleBoot);
  refusals.count(Refusal::kUnprovenBoot);
  EXPECT_EQ(foul(refusals), 0U);
  refusals.count(Refusal::kReplayed);
  refusals.count(Refusal::kBadTag);
  EXPECT_EQ(foul(refusals), 2U);
}

}  // namespace
}  // namespace yoke::pair
