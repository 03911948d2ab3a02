// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace yoke::pair {
namespace {

TEST(ReplayWindow, TakesEachCounterOnceInAnyOrder) {
  ReplayWindow window;
  for (const std::uint64_t counter : {5U, 3U, 4U, 1U, 2U}) {
    EXPECT_TRUE(window.is_fresh(counter)) << counter;
    window.mark(counter);
    EXPECT_FALSE(window.is_fresh(counter)) << counter;
  }
  EXPECT_FALSE(window.is_fresh(0));  // counters begin at 1
}

TEST(ReplayWindow, TakesWhatIsLateByLessThanItsSize) {
  ReplayWindow window;
  window.mark(5000);
  EXPECT_TRUE(window.is_fresh(5000 - ReplayWindow::kSize + 1));
  EXPECT_FALSE(window.is_fresh(5000 - ReplayWindow::kSize));
  EXPECT_FALSE(window.is_fresh(1));
}

TEST(ReplayWindow, ForgetsNothingInAJump) {
  ReplayWindow window;
  window.mark(1);
  window.mark(~std::uint64_t{0});
  EXPECT_FALSE(window.is_fresh(1));
  EXPECT_FALSE(window.is_fresh(~std::uint64_t{0}));
  EXPECT_TRUE(window.is_fresh(~std::uint64_t{0} - 1));
}

TEST(ReplayWindow, TakesNothingUpToItsFloor) {
  ReplayWindow window(100);
  EXPECT_FALSE(window.is_fresh(100));
  EXPECT_TRUE(window.is_fresh(101));
  window.mark(110);
  window.raise(105);
  EXPECT_FALSE(window.is_fresh(105));
  EXPECT_TRUE(window.is_fresh(106));
  window.raise(300);
  EXPECT_FALSE(window.is_fresh(300));
  EXPECT_TRUE(window.is_fresh(301));
}

// Against a set that forgets nothing.
TEST(ReplayWindow, AgreesWithASet) {
  std::mt19937_64 random(1);
  ReplayWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t reach = random() % 50 == 0 ? 4000 : 1200;
    const std::uint64_t low = highest > 1100 ? highest - 1100 : 1;
    const std::uint64_t counter = low + random() % reach;
    const bool is_old = highest >= counter && highest - counter >= ReplayWindow::kSize;
    const bool expected = !is_old && seen.count(counter) == 0;
    ASSERT_EQ(window.is_fresh(counter), expected) << counter << " below " << highest;
    if (!expected) continue;
    window.mark(counter);
    seen.insert(counter);
    highest = std::max(highest, counter);
  }
}

}  // namespace
}  // namespace yoke::pair
