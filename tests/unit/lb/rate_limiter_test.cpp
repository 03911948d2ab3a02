// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace yoke::lb {
namespace {

constexpr std::uint32_t kNow = 5000;

TEST(RateLimiter, HoldsASecondsWorthAndThenKeepsTheRate) {
  for (const std::uint32_t rate : {1U, 7U, 100U, 4096U, 30'000U}) {
    RateLimiter limiter;
    const std::uint32_t interval = RateLimiter::interval(rate);
    std::uint32_t at_once = 0;
    while (limiter.admit_service(3, interval, kNow)) ++at_once;
    EXPECT_GE(at_once, rate);
    EXPECT_LE(at_once, rate + rate / 100);
    // Asked ten times as often as it admits.
    std::uint32_t admitted = 0;
    constexpr std::uint32_t kMs = 20'000;
    for (std::uint32_t ms = 1; ms <= kMs; ++ms) {
      for (std::uint32_t i = 0; i < rate / 100 + 1; ++i) {
        admitted += limiter.admit_service(3, interval, kNow + ms) ? 1U : 0U;
      }
    }
    EXPECT_GE(admitted, rate * 20);
    EXPECT_LE(admitted, rate * 20 + rate / 5 + 1);
  }
}

// Workers read the clock at moments of their own, and so are some ticks apart.
TEST(RateLimiter, HoldsForWorkersWhoseTicksDiffer) {
  for (const std::uint32_t rate : {10U, 100U, 5000U}) {
    for (const std::uint32_t lag : {1U, 5U, 300U}) {
      RateLimiter limiter;
      const std::uint32_t interval = RateLimiter::interval(rate);
      std::uint32_t of_service = 0, of_client = 0;
      constexpr std::uint32_t kMs = 4000;
      for (std::uint32_t ms = lag; ms < lag + kMs; ++ms) {
        for (std::uint32_t i = 0; i < rate / 100 + 2; ++i) {
          const std::uint32_t now = kNow + ms - (i % 2 == 0 ? 0 : lag);
          of_service += limiter.admit_service(3, interval, now) ? 1U : 0U;
          of_client += limiter.admit_client(77, interval, now) ? 1U : 0U;
        }
      }
      const std::uint32_t most = rate * (1 + kMs / 1000) + rate / 20 + 1;
      EXPECT_LE(of_service, most) << rate << ' ' << lag;
      EXPECT_LE(of_client, most) << rate << ' ' << lag;
      EXPECT_GE(of_service, rate * (kMs / 1000)) << rate << ' ' << lag;
    }
  }
}

TEST(RateLimiter, WhatIsLeftOutlivesTheTurnOfTheClock) {
  RateLimiter limiter;
  const std::uint32_t interval = RateLimiter::interval(10);
  const std::uint32_t before = ~std::uint32_t{0} - 3;  // 4 ms later the tick is 0
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.admit_service(0, interval, before));
  EXPECT_FALSE(limiter.admit_service(0, interval, before + 50));
  EXPECT_TRUE(limiter.admit_service(0, interval, before + 150));
  EXPECT_FALSE(limiter.admit_service(0, interval, before + 151));
}

TEST(RateLimiter, ABucketThatRestedForHoursIsFull) {
  RateLimiter limiter;
  const std::uint32_t interval = RateLimiter::interval(2);
  for (const std::uint32_t hours : {1U, 4U, 5U, 9U, 100U, 1000U}) {
    const std::uint32_t now = kNow + hours * 3'600'000;
    EXPECT_TRUE(limiter.admit_client(77, interval, now)) << hours;
    EXPECT_TRUE(limiter.admit_client(77, interval, now)) << hours;
    EXPECT_FALSE(limiter.admit_client(77, interval, now)) << hours;
  }
}

TEST(RateLimiter, ServicesAndClientsAreApart) {
  RateLimiter limiter;
  const std::uint32_t one = RateLimiter::interval(1);
  EXPECT_TRUE(limiter.admit_service(0, one, kNow));
  EXPECT_TRUE(limiter.admit_service(1, one, kNow));
  EXPECT_FALSE(limiter.admit_service(0, one, kNow));
  const std::uint64_t alice = 0x1234'5678'9abc'def0, bob = 0x0fed'cba9'8765'4321;
  EXPECT_TRUE(limiter.admit_client(alice, one, kNow));
  EXPECT_TRUE(limiter.admit_client(bob, one, kNow));
  EXPECT_FALSE(limiter.admit_client(alice, one, kNow));
  EXPECT_FALSE(limiter.admit_client(bob, one, kNow + 999));
  EXPECT_TRUE(limiter.admit_client(bob, one, kNow + 1000));
}

// Eight clients of one line, and more: whoever comes is admitted, and it is the one nearest to a
// full bucket who is forgotten.
TEST(RateLimiter, AFullLineRefusesNobodyForIt) {
  RateLimiter limiter;
  const std::uint32_t interval = RateLimiter::interval(4);
  const auto client = [](std::uint64_t n) { return n << 41 | 5; };  // all in line 5
  for (std::uint64_t n = 1; n <= 8; ++n) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(limiter.admit_client(client(n), interval, kNow + 8));
    EXPECT_FALSE(limiter.admit_client(client(n), interval, kNow + 8));
  }
  // One of them is nearer to a full bucket than the rest.
  RateLimiter other;
  EXPECT_TRUE(other.admit_client(client(1), interval, kNow));
  for (std::uint64_t n = 2; n <= 8; ++n) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(other.admit_client(client(n), interval, kNow));
  }
  EXPECT_TRUE(other.admit_client(client(9), interval, kNow));
  for (std::uint64_t n = 2; n <= 8; ++n) {
    EXPECT_FALSE(other.admit_client(client(n), interval, kNow)) << "forgotten: " << n;
  }
}

// Several threads over one bucket: the rate is that of one, but for those who lost every exchange
// that they tried, which threads that do nothing else often do: up to 13 % were seen.
TEST(RateLimiter, HoldsForAllWorkersTogether) {
  constexpr std::uint32_t kRate = 20'000;
  RateLimiter limiter;
  std::atomic<std::uint32_t> admitted{0};
  std::vector<std::jthread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      std::uint32_t mine = 0;
      for (std::uint32_t i = 0; i < kRate; ++i) {
        mine += limiter.admit_service(9, RateLimiter::interval(kRate), kNow) ? 1U : 0U;
      }
      admitted += mine;
    });
  }
  workers.clear();
  EXPECT_GE(admitted.load(), kRate);
  EXPECT_LE(admitted.load(), kRate + kRate / 2) << "each has the rate for itself";
}

}  // namespace
}  // namespace yoke::lb
