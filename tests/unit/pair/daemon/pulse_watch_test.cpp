// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pulse_watch.h"

#include <gtest/gtest.h>

namespace yoke::pair {
namespace {

using std::chrono::milliseconds;

class PulseWatchTest : public testing::Test {
 protected:
  static constexpr Span kPace = milliseconds(20);
  static constexpr Span kPatience = milliseconds(100);

  PulseWatchTest() { page_.header.workers = 2; }

  // Looks once, `later`, after the workers of these numbers have come round.
  bool look(std::initializer_list<std::size_t> running, Span later = kPace) {
    for (const std::size_t worker : running) page_.lines[worker].rounds += 1;
    now_ += later;
    return watch_.look(page_, now_, kPace, kPatience);
  }
  void run(int looks) {
    for (int i = 0; i < looks; ++i) EXPECT_FALSE(look({0, 1}));
  }

  api::PulsePage page_;
  PulseWatch watch_;
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(PulseWatchTest, OneWorkerThatStandsStillIsEnough) {
  run(10);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(look({0}));
  EXPECT_TRUE(look({0}));
  EXPECT_TRUE(look({0}));
  EXPECT_FALSE(look({0, 1})) << "it goes on";
}

TEST_F(PulseWatchTest, WhatRunsNowAndThenRuns) {
  run(2);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(i % 4 == 0 ? look({0, 1}) : look({}));
}

TEST_F(PulseWatchTest, MachineThatStoodStillIsNoWorkerThatHangs) {
  run(3);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(look({}, milliseconds(500))) << "nor do many such";
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(look({}));
  EXPECT_TRUE(look({})) << "once the rest of the machine runs, it counts";
}

TEST_F(PulseWatchTest, LooksThatComeMoreOftenCountForLess) {
  run(3);
  for (int i = 0; i < 99; ++i) EXPECT_FALSE(look({}, milliseconds(1)));
  EXPECT_TRUE(look({}, milliseconds(1)));
}

TEST_F(PulseWatchTest, WhoWasNeverSeenToRunSaysNothing) {
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look({})) << "left behind, or of a release before";
  EXPECT_FALSE(look({0, 1}));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(look({}));
  EXPECT_TRUE(look({}));
  watch_.forget();
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look({})) << "until the next one runs";
}

TEST_F(PulseWatchTest, ThoseThatEndDoNotCount) {
  run(3);
  page_.header.workers = 0;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look({}));
  page_.header.workers = 2;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(look({})) << "those of the next start, not yet";
}

TEST_F(PulseWatchTest, NumberThatMakesNoSenseIsNotFollowed) {
  page_.header.workers = 0xffffffff;
  run(3);
}

}  // namespace
}  // namespace yoke::pair
