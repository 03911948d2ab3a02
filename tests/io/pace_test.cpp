// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>

#include "dataplane/io/sweep_pace.h"
#include "dataplane/io/token_bucket.h"

namespace yoke::io {
namespace {

unsigned take_all(TokenBucket& bucket, std::uint32_t now_ms) {
  unsigned taken = 0;
  while (taken < 1'000'000 && bucket.take(now_ms)) ++taken;
  return taken;
}

TEST(TokenBucket, GivesItsBurstAtOnceAndThenNothing) {
  TokenBucket bucket(20'000, 2000);
  EXPECT_EQ(take_all(bucket, 5), 2000u);
  EXPECT_EQ(take_all(bucket, 5), 0u);
}

TEST(TokenBucket, RefillsAtItsRateAndNeverBeyondItsBurst) {
  TokenBucket bucket(20'000, 2000);
  (void)take_all(bucket, 0);
  EXPECT_EQ(take_all(bucket, 1), 20u);
  EXPECT_EQ(take_all(bucket, 51), 1000u);
  EXPECT_EQ(take_all(bucket, 1'000'000), 2000u);
}

TEST(TokenBucket, KeepsFractionsOfATokenWhenAskedOften) {
  TokenBucket bucket(10, 1);
  unsigned taken = take_all(bucket, 0);
  for (std::uint32_t now = 1; now <= 10'000; ++now) taken += bucket.take(now) ? 1u : 0u;
  EXPECT_EQ(taken, 1u + 100u);
}

TEST(TokenBucket, ClockMayWrap) {
  TokenBucket bucket(1000, 10);
  (void)take_all(bucket, 0xffffffff);
  EXPECT_EQ(take_all(bucket, 4), 5u);
}

TEST(SweepPace, SeesTheTableOnceAPeriodHoweverOftenItIsAsked) {
  for (const std::uint32_t step_ms : {1u, 3u, 10u, 33u}) {
    SweepPace pace(1u << 20, 4000);
    (void)pace.due(0);
    std::uint64_t seen = 0;
    for (std::uint32_t now = step_ms; now <= 4000; now += step_ms) seen += pace.due(now);
    EXPECT_NEAR(static_cast<double>(seen), 1 << 20, (1 << 20) / 100.0) << step_ms;
  }
}

TEST(SweepPace, SmallTablesAreSwept) {
  SweepPace pace(3, 4000);
  (void)pace.due(0);
  std::uint64_t seen = 0;
  for (std::uint32_t now = 1; now <= 8000; ++now) seen += pace.due(now);
  EXPECT_EQ(seen, 6u);
}

TEST(SweepPace, AfterAStallItCatchesUpInPartsThatDoNotHoldUpABurst) {
  SweepPace pace(10'000'000, 4000);
  EXPECT_LE(pace.due(60'000), 16384u);
}

TEST(SweepPace, AsksForNothingWithinOneTick) {
  SweepPace pace(1u << 20, 4000);
  (void)pace.due(7);
  EXPECT_EQ(pace.due(7), 0u);
}

}  // namespace
}  // namespace yoke::io
