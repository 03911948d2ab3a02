// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/clock_watch.h"

#include <gtest/gtest.h>

namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// What one look finds, hours since some day.
struct Look {
  const char* what;
  std::vector<int> history;  // when revisions 1, 2, ... were made
  int now;
  bool ntp;
  std::uint64_t behind;  // revision; 0: none
};

struct Story {
  const char* title;
  std::vector<Look> looks;  // of one process
};

const Story kStories[] = {
    {"a clock that starts years behind, without NTP",
     {{"all is well before", {100, 200}, 300, false, 0},
      {"the battery was empty", {100, 200}, 0, false, 2},
      {"a commit by that clock changes nothing", {100, 200, 1}, 2, false, 2},
      {"nor does the next", {100, 200, 1, 3}, 4, false, 2},
      {"NTP sets it", {100, 200, 1, 3}, 300, true, 0},
      {"and is gone again", {100, 200, 1, 3}, 310, false, 0}}},
    {"a clock that was once ahead",
     {{"NTP keeps it now", {100, 9000}, 200, true, 0},
      {"commits go on", {100, 9000, 210}, 220, true, 0},
      {"NTP is lost: that the clock is right is known", {100, 9000, 210}, 230, false, 0},
      {"it is set back then: that is told still", {100, 9000, 210}, 50, false, 3}}},
    {"a clock that is set by hand",
     {{"it was ahead; nobody can know which time is wrong", {100, 9000}, 200, false, 2},
      {"until its time has come", {100, 9000}, 9001, false, 0}}},
    {"a unit without history", {{"nothing is known", {}, 0, false, 0}}},
};

TEST(ClockWatch, TellsAClockThatIsBehindFromOneThatWasAhead) {
  const system_clock::time_point day(1'700'000'000s);
  for (const Story& story : kStories) {
    ClockWatch watch;
    for (const Look& look : story.looks) {
      std::vector<Stamp> history;
      for (const int at : look.history) {
        history.push_back({history.size() + 1, day + at * 1h});
      }
      const Clocks now{"boot", 0ms, day + look.now * 1h, look.ntp};
      const auto behind = watch.behind(history, now);
      EXPECT_EQ(behind ? behind->revision : 0, look.behind) << story.title << ": " << look.what;
    }
  }
}

TEST(ClockWatch, AClockThatIsSetByTheNetworkStepsBackALittle) {
  const Clocks now{"boot", 0ms, system_clock::time_point(1'700'000'000s), false};
  EXPECT_FALSE(ClockWatch().behind({{1, now.wall + 4min}}, now));
  EXPECT_TRUE(ClockWatch().behind({{1, now.wall + 6min}}, now));
}

}  // namespace
}  // namespace yoke::commit
