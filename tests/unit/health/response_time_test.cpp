// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/response_time.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "dataplane/lb/scheduler.h"

namespace yoke::health {
namespace {

using std::chrono::microseconds;
using namespace std::chrono_literals;

TEST(ResponseTime, IsUnknownBeforeTheFirstAndTheMeanOfTheFirstFew) {
  ResponseTime time;
  EXPECT_EQ(time.value(), 0us);
  MonoTime now{1h};
  time.add(90ms, now);
  EXPECT_EQ(time.value(), 90ms);
  time.add(30ms, now += 1ms);
  EXPECT_EQ(time.value(), 60ms);
  time.add(30ms, now += 1ms);
  EXPECT_EQ(time.value(), 50ms);
}

TEST(ResponseTime, WhatIsQuickerThanCanBeMeasuredIsAsGoodAsTheFloor) {
  ResponseTime time;
  time.add(3us, MonoTime{1h});
  EXPECT_EQ(time.value(), ResponseTime::kFloor);
}

// However often it is measured, a new value counts by the time it has held.
TEST(ResponseTime, AChangeIsFollowedWithinSecondsHoweverOftenItIsMeasured) {
  for (const auto interval : {100ms, 200ms, 1000ms}) {
    ResponseTime time;
    MonoTime now{1h};
    for (int i = 0; i < 200; ++i) time.add(10ms, now += interval);
    ASSERT_EQ(time.value(), 10ms);
    const MonoTime changed = now;
    while (now - changed < ResponseTime::kMemory) time.add(110ms, now += interval);
    const double age = std::chrono::duration<double>(now - changed).count();
    const double expected = 110 - 100 * std::exp(-age / 5);
    EXPECT_NEAR(static_cast<double>(time.value().count()) / 1000, expected, 0.1);
  }
}

TEST(ResponseTime, OneMeasurementIsNeverMoreThanHalf) {
  ResponseTime time;
  time.add(10ms, MonoTime{1h});
  time.add(10ms, MonoTime{2h});
  time.add(1s, MonoTime{30h});
  EXPECT_EQ(time.value(), 505ms);
}

TEST(ResponseTime, AFifthIsWorthTelling) {
  EXPECT_TRUE(differs_much(0us, 1ms));
  EXPECT_FALSE(differs_much(1000us, 1200us));
  EXPECT_TRUE(differs_much(1000us, 1201us));
  EXPECT_FALSE(differs_much(1200us, 1000us));
  EXPECT_TRUE(differs_much(1201us, 1000us));
}

// The whole loop: load makes servers slow, checks measure it, the figure is damped and told late,
// and the scheduler moves new flows by it. Every 10 ms is a step.
class Loop {
 public:
  static constexpr std::size_t kServers = 4;
  static constexpr int kStepsPerSecond = 100;

  explicit Loop(double flows_per_step) : flows_per_step_(flows_per_step) {
    std::vector<lb::Maglev::Member> members;
    for (std::uint16_t i = 0; i < kServers; ++i) {
      members.push_back(
          {{net::IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(i + 1)), 80}, i, 1});
    }
    snapshot_.servers.resize(kServers);
    service_.scheduling = lb::Scheduling::kResponseTime;
    service_.maglev = std::make_shared<lb::Maglev>(snapshot_.hash_key, members);
    capacity_.fill(2.0);
  }

  // Shares of the flows of each second.
  std::vector<std::array<double, kServers>> run(int seconds) {
    std::vector<std::array<double, kServers>> shares;
    for (int second = 0; second < seconds; ++second) {
      std::array<double, kServers> count{};
      double all = 0;
      for (int step = 0; step < kStepsPerSecond; ++step) {
        for (auto n = std::poisson_distribution(flows_per_step_)(random_); n > 0; --n) {
          const auto chosen =
              scheduler_.choose(snapshot_, service_, {static_cast<std::uint32_t>(random_()), {}});
          ++waiting_[chosen.server];
          scheduler_.opened(chosen.server, 0);
          ++count[chosen.server];
          ++all;
        }
        serve();
        now_ += 10ms;
        if (step % 20 == 0) check();
      }
      for (double& c : count) c /= std::max(all, 1.0);
      shares.push_back(count);
      tell();
    }
    return shares;
  }

  std::array<double, kServers> capacity_{};  // flows a step

 private:
  void serve() {
    for (std::uint16_t s = 0; s < kServers; ++s) {
      for (auto n = std::poisson_distribution(capacity_[s])(random_); n > 0 && waiting_[s] > 0;
           --n) {
        --waiting_[s];
        scheduler_.closed(s, 0);
      }
    }
  }
  // A probe waits its turn behind the clients.
  void check() {
    for (std::size_t s = 0; s < kServers; ++s) {
      const double steps = (waiting_[s] + 1) / capacity_[s];
      times_[s].add(microseconds(static_cast<std::int64_t>(steps * 10'000)), now_);
    }
  }
  // What is told arrives a second after it was so.
  void tell() {
    for (std::size_t s = 0; s < kServers; ++s) {
      if (late_[s] != 0us)
        snapshot_.servers[s].response_us = static_cast<std::uint32_t>(late_[s].count());
      if (differs_much(late_[s], times_[s].value())) late_[s] = times_[s].value();
    }
  }

  double flows_per_step_;
  std::mt19937 random_{1};
  lb::Snapshot snapshot_;
  lb::Service service_;
  lb::Scheduler scheduler_;
  std::array<double, kServers> waiting_{};
  std::array<ResponseTime, kServers> times_;
  std::array<microseconds, kServers> late_{};
  MonoTime now_{1h};
};

TEST(ResponseLoop, EqualServersUnderLoadDoNotSwing) {
  Loop loop(6.4);  // four fifths of what they can do
  (void)loop.run(20);
  for (const auto& shares : loop.run(60)) {
    for (const double share : shares) {
      EXPECT_GT(share, 0.15);
      EXPECT_LT(share, 0.35);
    }
  }
}

TEST(ResponseLoop, AServerOfATenthOfTheSpeedGetsLessAndComesBackWithoutAFlood) {
  Loop loop(4.0);
  (void)loop.run(20);
  loop.capacity_[2] = 0.2;
  (void)loop.run(30);
  for (const auto& shares : loop.run(60)) EXPECT_LT(shares[2], 0.10);
  loop.capacity_[2] = 2.0;
  for (const auto& shares : loop.run(60)) EXPECT_LT(shares[2], 0.5) << "no flood";
  double late = 0;
  for (const auto& shares : loop.run(60)) late += shares[2] / 60;
  EXPECT_NEAR(late, 0.25, 0.03);
}

}  // namespace
}  // namespace yoke::health
