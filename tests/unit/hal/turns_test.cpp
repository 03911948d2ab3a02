// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace yoke::hal {
namespace {

using namespace std::chrono_literals;

// A loop, and what it is to find; end() ends it from within a turn.
class TurnsTest : public testing::Test {
 protected:
  TurnsTest() : loop_(make_loop()), turns_(loop_.get()) {}

  static sd_event* make_loop() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    return made;
  }
  void end() { (void)sd_event_exit(loop_.get(), 7); }
  // Within a turn; what others change meanwhile would show.
  void take_turn() {
    EXPECT_EQ(within_.fetch_add(1), 0) << "somebody else has the turn";
    within_.fetch_sub(1);
  }

  Event loop_;
  std::atomic<int> within_ = 0;
  Turns turns_;
};

TEST_F(TurnsTest, JobsRunInTheirOrderAndTheLoopEndsWithItsCode) {
  std::vector<int> ran;
  for (int i = 0; i < 100; ++i) turns_.post([&ran, i] { ran.push_back(i); });
  turns_.post([this] { end(); });
  EXPECT_EQ(turns_.run(), 7);
  ASSERT_EQ(ran.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST_F(TurnsTest, NoJobBeginsBeforeTheLoopDoes) {
  std::atomic<bool> began = false;
  turns_.post([&] {
    began = true;
    end();
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(began);
  EXPECT_EQ(turns_.run(), 7);
  EXPECT_TRUE(began);
}

TEST_F(TurnsTest, OfALoopThatNeverBeginsNoJobIsMade) {
  turns_.post([] { FAIL(); });
  std::this_thread::sleep_for(20ms);
  turns_.stop();
}

TEST_F(TurnsTest, WhatAJobStartsTheSleepingLoopFollows) {
  Timer timer(loop_.get(), [this] { end(); });
  turns_.post([&] { timer.start(0ms); });
  EXPECT_EQ(turns_.run(), 7);
}

// As a commit does that waits for the disk: the loop is what ends the wait.
TEST_F(TurnsTest, TheLoopGoesOnWhileAJobWaitsAside) {
  std::promise<void> disk;
  Timer timer(loop_.get(), [&] {
    take_turn();
    disk.set_value();
  });
  turns_.post([&] {
    timer.start(1ms);
    turns_.aside([&] { disk.get_future().wait(); });
    end();
  });
  EXPECT_EQ(turns_.run(), 7);
}

TEST_F(TurnsTest, OneAloneHasTheTurn) {
  int left = 2000;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop_.get(), [&] {
    take_turn();
    if (--left > 0) timer->start(0ms);
  });
  timer->start(0ms);
  turns_.post([&] {
    while (left == 2000) turns_.aside(std::this_thread::yield);
  });
  for (int i = 0; i < 2000; ++i) {
    turns_.post([this] {
      take_turn();
      turns_.aside([] {});
      take_turn();
    });
  }
  turns_.post([this] { end(); });
  EXPECT_EQ(turns_.run(), 7);
  EXPECT_LT(left, 2000);
}

TEST_F(TurnsTest, ALoopThatAlwaysHasSomethingToDoKeepsNoJobFromItsTurn) {
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop_.get(), [&] { timer->start(0ms); });
  timer->start(0ms);
  turns_.post([this] { end(); });
  EXPECT_EQ(turns_.run(), 7);
}

TEST_F(TurnsTest, StoppedItEndsTheJobUnderWayAndKeepsNothingOfTheOthers) {
  std::promise<void> disk;
  std::atomic<bool> done = false;
  const auto kept = std::make_shared<int>(0);
  turns_.post([&] {
    end();
    turns_.aside([&] { disk.get_future().wait(); });
    done = true;
  });
  for (int i = 0; i < 1000; ++i) turns_.post([kept] {});
  EXPECT_EQ(turns_.run(), 7);
  EXPECT_FALSE(done);
  disk.set_value();
  turns_.stop();
  EXPECT_TRUE(done);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(TurnsTest, ElsewhereWorkIsDoneInPlace) {
  int done = 0;
  turns_.aside([&] { ++done; });
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace yoke::hal
