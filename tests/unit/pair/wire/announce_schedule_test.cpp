// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/announce_schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace yoke::pair {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{1h};

std::vector<VipPlace> places(std::size_t count, std::size_t vlans) {
  std::vector<VipPlace> made;
  for (std::size_t i = 0; i < count; ++i) {
    const auto vlan = static_cast<std::uint16_t>(10 + i * vlans / count);
    made.push_back({net::IpAddress::v4(10, 0, static_cast<std::uint8_t>(i / 256),
                                       static_cast<std::uint8_t>(i % 256)),
                    vlan});
  }
  return made;
}

struct Sent {
  MonoTime at;
  AnnounceSchedule::Item item;
};
// Everything until `end`, asked for when it is due or, with `tick`, at its multiples alone.
std::vector<Sent> run(AnnounceSchedule& schedule, MonoTime from, MonoTime end,
                      std::chrono::nanoseconds tick = 0ns) {
  std::vector<Sent> sent;
  MonoTime now = from;
  while (now < end) {
    while (const auto item = schedule.next(now)) sent.push_back({now, *item});
    const auto due = schedule.due();
    if (!due) break;
    now = tick == 0ns ? std::max(*due, now) : now + tick;
  }
  return sent;
}

TEST(AnnounceSchedule, SaysEachVipThreeTimesWithItsVlansFirst) {
  const auto vips = places(1000, 4);
  AnnounceSchedule schedule;
  schedule.start(vips, kStart);
  const auto sent = run(schedule, kStart, kStart + 10s);
  ASSERT_EQ(sent.size(), 3 * 1004U);
  const std::chrono::milliseconds rounds[] = {0ms, 100ms, 1000ms};
  for (std::size_t round = 0; round < 3; ++round) {
    const Sent* first = &sent[round * 1004];
    EXPECT_GE(first->at, kStart + rounds[round]);
    EXPECT_LT(first->at, kStart + rounds[round] + 1ms);
    EXPECT_LT(first[1003].at, kStart + rounds[round] + 60ms);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(first[i].item, (AnnounceSchedule::Item{i * 250, true}));
    }
    for (std::size_t i = 0; i < 1000; ++i) {
      EXPECT_EQ(first[4 + i].item, (AnnounceSchedule::Item{i, false}));
    }
  }
}

TEST(AnnounceSchedule, RefreshesEveryMinuteUntilStopped) {
  const auto vips = places(2, 1);
  AnnounceSchedule schedule;
  schedule.start(vips, kStart);
  EXPECT_EQ(run(schedule, kStart, kStart + 30s).size(), 9U);
  const auto refreshed = run(schedule, kStart + 30s, kStart + 301s);
  ASSERT_EQ(refreshed.size(), 4 * 3U);
  EXPECT_EQ(refreshed.front().at, kStart + 61s);
  EXPECT_EQ(refreshed[3].at, kStart + 121s);
  schedule.stop();
  EXPECT_FALSE(schedule.due());
  EXPECT_FALSE(schedule.next(kStart + 400s));
}

// Whatever the caller's clock does, no window of time sees more than the rate and one burst.
TEST(AnnounceSchedule, NeverExceedsItsRate) {
  const auto vips = places(300, 3);
  for (const std::chrono::nanoseconds tick : {0ns, 1'000'000ns, 7'000'000ns, 300'000'000ns}) {
    AnnounceSchedule schedule({100us, 8});
    schedule.start(vips, kStart);
    const auto sent = run(schedule, kStart, kStart + 120s, tick);
    EXPECT_GE(sent.size(), 303U);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      for (std::size_t j = i; j < std::min(sent.size(), i + 50); ++j) {
        const auto allowed = (sent[j].at - sent[i].at) / 100us + 8;
        ASSERT_LE(static_cast<long>(j - i + 1), allowed) << i << " to " << j;
      }
    }
  }
}

TEST(AnnounceSchedule, RoundsThatAreLongerThanTheirDistanceFollowEachOther) {
  const auto vips = places(1000, 1);
  AnnounceSchedule schedule({1ms, 1});
  schedule.start(vips, kStart);
  const auto sent = run(schedule, kStart, kStart + 20s);
  ASSERT_EQ(sent.size(), 3 * 1001U);
  EXPECT_EQ(sent.back().at, kStart + 3002ms);
}

TEST(AnnounceSchedule, SaysItAgainOnDemandThreeTimesASecondAtMost) {
  const auto vips = places(1, 1);
  AnnounceSchedule schedule;
  EXPECT_FALSE(schedule.again(kStart));
  schedule.start(vips, kStart);
  (void)run(schedule, kStart, kStart + 2s);
  EXPECT_TRUE(schedule.again(kStart + 2s));
  EXPECT_FALSE(schedule.again(kStart + 2s + 300ms));
  EXPECT_EQ(run(schedule, kStart + 2s, kStart + 3s).size(), 2U);
  std::size_t rounds = 0;
  for (auto now = kStart + 3s; now < kStart + 13s; now += 1ms) {
    if (schedule.again(now)) ++rounds;
    (void)run(schedule, now, now + 1ns);
  }
  EXPECT_LE(rounds, 31U);
  EXPECT_GE(rounds, 29U);
}

TEST(AnnounceSchedule, HasNothingToSayOfNoVips) {
  AnnounceSchedule schedule;
  schedule.start({}, kStart);
  EXPECT_FALSE(schedule.due());
  EXPECT_FALSE(schedule.next(kStart));
}

}  // namespace
}  // namespace yoke::pair
