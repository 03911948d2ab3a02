// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/timers.h"

#include <gtest/gtest.h>

namespace yoke::pair {
namespace {

TEST(PairTimers, EveryProfileKeepsTheRules) {
  for (const char* name : {"fast", "default", "vm"}) {
    ASSERT_TRUE(profile(name)) << name;
    EXPECT_TRUE(check(*profile(name))) << name << ": " << check(*profile(name)).error().text;
  }
  EXPECT_FALSE(profile("turbo"));
}

// Each breaks one rule alone.
TEST(PairTimers, WhatWouldLetTwoUnitsAnswerIsRefused) {
  using Break = void (*)(Timers&);
  for (const Break breaks : std::initializer_list<Break>{
           [](Timers& t) { t.lease = 4 * t.heartbeat - Span(1); },
           [](Timers& t) { t.dead = t.lease; },
           [](Timers& t) { t.dead = t.lease + t.burst; },  // no room for clocks that differ
           [](Timers& t) { t.restart_hold = t.dead; },
           [](Timers& t) { t.boot_hold = t.restart_hold - Span(1); },
           [](Timers& t) { t.probes = 0; },
           [](Timers& t) { t.probes = 17; },
           [](Timers& t) { t.probe_gap = Span(0); },
           [](Timers& t) { t.probe_wait = t.probe_gap - Span(1); },
           [](Timers& t) { t.probe_wait = t.lease; },
           // A burst of who lets go would still be on its way when a candidate claims.
           [](Timers& t) { t.burst = probe_round(t); },
           [](Timers& t) { t.drift_ppm = 5001; },
           [](Timers& t) { t.heartbeat = Span(0); },
           [](Timers& t) { t.handoff_step = t.dead; },
       }) {
    Timers timers = *profile("fast");
    breaks(timers);
    const auto status = check(timers);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().id, "E-701");
    EXPECT_EQ(status.error().text.find("timers of the pair: "), 0U);
  }
}

}  // namespace
}  // namespace yoke::pair
