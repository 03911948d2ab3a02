// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/passive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace yoke::health {
namespace {

using namespace std::chrono_literals;

net::Endpoint server(int number) {
  return *net::Endpoint::parse("10.0.0." + std::to_string(number) + ":80");
}

// A pool, the data plane's counters and the Scheduler's part: who is held is not up.
class Bench {
 public:
  explicit Bench(int servers, const PassiveRules& rules = {5, 10s, 30s}) : rules_(rules) {
    for (int i = 1; i <= servers; ++i) {
      servers_.push_back(server(i));
      up_[server(i)] = true;
    }
    (void)pool_.follow(rules, servers_);
    turn();
  }
  ConnectionCounts& counts(int number) { return counts_[server(number)]; }
  void count(int number, const ConnectionCounts& more) {
    ConnectionCounts& of = counts(number);
    of.answered += more.answered;
    of.refused += more.refused;
    of.unanswered += more.unanswered;
  }
  // A second on; "-1" is held, "+1" no more.
  std::string turn(MonoTime::duration step = 1s) {
    now_ += step;
    std::vector<PassivePool::Seen> seen;
    for (const net::Endpoint& one : servers_) {
      seen.push_back({one, up_[one], std::nullopt});
      if (is_told_) seen.back().counts = counts_[one];
    }
    return words(pool_.take(seen, now_));
  }
  std::string turns(int count) {
    std::string all;
    for (; count > 0; --count) all += turn();
    return all;
  }
  std::string words(const std::vector<PassivePool::Finding>& findings) {
    std::string text;
    for (const auto& [endpoint, is_held, why] : findings) {
      up_[endpoint] = !is_held;
      const auto at = std::ranges::find(servers_, endpoint);
      text += (is_held ? "-" : "+") + std::to_string(at - servers_.begin() + 1);
      why_ = why;
    }
    return text;
  }
  std::string last(int number) {
    for (const auto& status : pool_.status(now_)) {
      if (status.server == server(number)) return status.last;
    }
    return "none";
  }

  PassiveRules rules_;
  std::vector<net::Endpoint> servers_;
  std::map<net::Endpoint, bool> up_;
  std::map<net::Endpoint, ConnectionCounts> counts_;
  bool is_told_ = true;
  MonoTime now_{1h};
  PassivePool pool_;
  std::string why_;
};

TEST(Passive, AServerIsHeldOnceEnoughFailAndMoreThanAreAnswered) {
  struct Case {
    ConnectionCounts counts;
    bool is_held;
  };
  for (const auto& [counts, is_held] :
       {Case{{.answered = 0, .refused = 4}, false}, Case{{.answered = 0, .refused = 5}, true},
        Case{{.answered = 0, .unanswered = 5}, true},
        Case{{.answered = 0, .refused = 2, .unanswered = 3}, true},
        Case{{.answered = 5, .unanswered = 5}, false}, Case{{.answered = 4, .refused = 5}, true},
        Case{{.answered = 100'000, .refused = 5}, false}, Case{{.answered = 100'000}, false}}) {
    Bench bench(2);
    bench.count(1, counts);
    EXPECT_EQ(bench.turn(), is_held ? "-1" : "")
        << counts.answered << " " << counts.refused << " " << counts.unanswered;
  }
}

TEST(Passive, WhyIsToldInWords) {
  Bench bench(2);
  EXPECT_EQ(bench.last(1), "passive 0 of 0 connections within 10s failed");
  bench.count(1, {.answered = 2, .refused = 10, .unanswered = 2});
  EXPECT_EQ(bench.turn(), "-1");
  const std::string why =
      "passive 12 of 14 connections within 10s failed: 10 refused, 2 unanswered";
  EXPECT_EQ(bench.why_, why);
  EXPECT_EQ(bench.last(1), why + "; tried again in 30s");
  ASSERT_EQ(bench.pool_.past(server(1))->size(), 1U);
  EXPECT_EQ(bench.pool_.past(server(1))->front().result.text, why);
  EXPECT_EQ(bench.pool_.past(server(1))->front().result.outcome, Outcome::kFailed);
  EXPECT_EQ(bench.pool_.status(bench.now_)[0].failures, 1U);
  EXPECT_EQ(bench.pool_.past(server(9)), nullptr);
}

TEST(Passive, WhatIsOlderThanTheWindowDoesNotCount) {
  Bench bench(2);
  for (int i = 0; i < 100; ++i) {
    bench.count(1, {.answered = 0, .refused = i % 3 == 0 ? 1U : 0U});
    EXPECT_EQ(bench.turn(), "") << "four in ten seconds, at second " << i;
  }
  for (int i = 0; i < 5; ++i) bench.count(1, {.refused = 1});
  EXPECT_EQ(bench.turn(), "-1");
}

TEST(Passive, ALongWindowSeesAsMuchAsAShortOne) {
  Bench bench(2, {5, 10min, 30s});
  std::string all;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(all, "");
    bench.count(1, {.refused = 1});
    all += bench.turns(100);
  }
  EXPECT_EQ(all.substr(0, 2), "-1");
}

TEST(Passive, AHeldServerIsTriedAgainAndBeginsAnew) {
  Bench bench(2);
  bench.count(1, {.refused = 100});
  ASSERT_EQ(bench.turn(), "-1");
  bench.count(1, {.unanswered = 100});  // of connections that were under way
  EXPECT_EQ(bench.turns(29), "");
  EXPECT_EQ(bench.turn(), "+1");
  EXPECT_EQ(bench.why_, "passive tried again after 30s");
  EXPECT_EQ(bench.turns(3), "");
  bench.count(1, {.refused = 5});
  EXPECT_EQ(bench.turn(), "-1");
}

TEST(Passive, ItIsTriedAgainWhereNobodyTellsAnyMore) {
  Bench bench(2);
  bench.count(1, {.refused = 5});
  ASSERT_EQ(bench.turn(), "-1");
  bench.is_told_ = false;
  EXPECT_EQ(bench.turns(30), "+1");
}

TEST(Passive, NoMoreThanHalfOfTheServersAreHeldAtOnce) {
  for (const auto& [servers, held] : {std::pair{1, 0}, {2, 1}, {3, 1}, {4, 2}, {5, 2}, {9, 4}}) {
    Bench bench(servers);
    for (int i = 1; i <= servers; ++i) bench.count(i, {.refused = 5});
    EXPECT_EQ(bench.turn().size(), 2U * static_cast<unsigned>(held)) << servers;
  }
}

TEST(Passive, TheWorstGoesAndWhoIsSparedSaysSo) {
  Bench bench(3);
  bench.count(1, {.refused = 5});
  bench.count(2, {.refused = 9});
  EXPECT_EQ(bench.turn(), "-2");
  EXPECT_EQ(bench.last(1),
            "passive 5 of 5 connections within 10s failed: 5 refused, 0 unanswered; it stays: half "
            "of the pool's servers are held");
  EXPECT_EQ(bench.turn(), "");
  EXPECT_EQ(bench.pool_.past(server(1))->size(), 1U) << "told once";
  EXPECT_EQ(bench.turns(12), "");
  EXPECT_EQ(bench.last(1), "passive 0 of 0 connections within 10s failed");
}

TEST(Passive, TheLastServerThatIsUpStays) {
  Bench bench(4);
  bench.up_[server(2)] = bench.up_[server(3)] = bench.up_[server(4)] = false;
  bench.count(1, {.refused = 5});
  EXPECT_EQ(bench.turn(), "");
  EXPECT_EQ(bench.last(1),
            "passive 5 of 5 connections within 10s failed: 5 refused, 0 unanswered; it stays: no "
            "other server is up");
  bench.up_[server(2)] = true;
  EXPECT_EQ(bench.turn(), "-1");
}

TEST(Passive, WhatHappenedWhileAServerWasDownCountsNoMoreWhenItIsUp) {
  Bench bench(2);
  bench.count(1, {.refused = 4});
  EXPECT_EQ(bench.turn(), "");
  bench.up_[server(1)] = false;  // by a check of another kind
  bench.count(1, {.refused = 4});
  EXPECT_EQ(bench.turn(), "");
  bench.up_[server(1)] = true;
  EXPECT_EQ(bench.turns(2), "");
  bench.count(1, {.refused = 4});
  EXPECT_EQ(bench.turn(), "");
}

TEST(Passive, CountersThatWentBackwardsAreANewBeginning) {
  Bench bench(2);
  bench.count(1, {.answered = 100, .refused = 4});
  EXPECT_EQ(bench.turn(), "");
  bench.counts(1) = {.answered = 0, .refused = 50};  // what a new data plane counted until now
  EXPECT_EQ(bench.turn(), "");
  bench.count(1, {.refused = 5});
  EXPECT_EQ(bench.turn(), "-1");
}

TEST(Passive, AfterALongSilenceItBeginsAnew) {
  Bench bench(2);
  bench.count(1, {.refused = 5});
  EXPECT_EQ(bench.turn(11s), "");
  bench.count(1, {.refused = 5});
  EXPECT_EQ(bench.turn(9s), "-1") << "a shorter one is within the window";
}

TEST(Passive, AServerThatIsLookedAtNoMoreIsLetGo) {
  Bench bench(4);
  bench.count(1, {.refused = 5});
  bench.count(2, {.refused = 5});
  ASSERT_EQ(bench.turn(), "-1-2");
  EXPECT_EQ(bench.words(bench.pool_.follow(bench.rules_, {server(2), server(3), server(4)})), "+1");
  EXPECT_EQ(bench.pool_.status(bench.now_).size(), 3U);
  EXPECT_EQ(bench.words(bench.pool_.follow({}, {})), "+2");
}

TEST(Passive, NewRulesHoldAtOnceAndNothingIsForgotten) {
  Bench bench(2);
  bench.count(1, {.refused = 4});
  ASSERT_EQ(bench.turn(), "");
  (void)bench.pool_.follow({3, 10s, 5s}, bench.servers_);
  EXPECT_EQ(bench.turn(), "-1");
}

// Whatever is counted: never more than half held, never the last one, nobody for less than the
// threshold or shorter than the hold.
// The last SYNs before a hold are found unanswered while a short one is over already.
TEST(Passive, WhatWasBegunBeforeAHoldDoesNotCountAfterIt) {
  Bench bench(2, {5, 10s, 2s});
  bench.count(1, {0, 0, 5});
  ASSERT_EQ(bench.turn(), "-1");
  EXPECT_EQ(bench.turns(2), "+1");
  bench.count(1, {0, 0, 20});
  EXPECT_EQ(bench.turns(3), "");
  bench.count(1, {0, 0, 20});
  EXPECT_EQ(bench.turns(2), "-1") << "but what comes later does";
}

TEST(Passive, WhoIsHeldIsReleasedWhereTheOthersHaveGone) {
  Bench checks(2, {5, 10s, 1h});
  checks.count(1, {0, 5, 0});
  ASSERT_EQ(checks.turn(), "-1");
  checks.up_[server(2)] = false;  // its own checks say so
  EXPECT_EQ(checks.turn(), "+1");

  Bench fewer(4, {5, 10s, 1h});
  for (int i : {1, 2}) fewer.count(i, {0, 5, 0});
  ASSERT_EQ(fewer.turn(), "-1-2");
  EXPECT_TRUE(fewer.pool_.follow({5, 10s, 1h}, {server(1), server(2), server(3)}).empty());
  EXPECT_EQ(fewer.turn(), "+1") << "one of three may be out";
}

TEST(Passive, AHoldThatIsShortenedHoldsAtOnce) {
  Bench bench(2, {5, 10s, 1h});
  bench.count(1, {0, 5, 0});
  ASSERT_EQ(bench.turn(), "-1");
  EXPECT_TRUE(bench.pool_.follow({5, 10s, 1s}, {server(1), server(2)}).empty());
  EXPECT_EQ(bench.turn(), "+1");
}

TEST(Passive, AnotherDataPlanesCountsAreNotComparedWithTheLastOnes) {
  Bench bench(2, {5, 10s, 10s});
  bench.count(1, {1000, 0, 0});
  ASSERT_EQ(bench.turn(), "");
  bench.pool_.begin_anew();
  bench.count(1, {50, 60, 0});
  EXPECT_EQ(bench.turn(), "");
}

TEST(Passive, HoldsToItsLimitsWhateverIsCounted) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const int servers = 1 + static_cast<int>(random() % 7);
    Bench bench(servers, {1 + random() % 5, 10s, 10s});
    std::map<net::Endpoint, MonoTime> held;
    for (int second = 0; second < 200; ++second) {
      for (int i = 1; i <= servers; ++i) {
        if (random() % 4 == 0) bench.count(i, {random() % 3, random() % 3, random() % 3});
        if (random() % 50 == 0) bench.counts(i) = {};
        if (!held.contains(server(i)) && random() % 20 == 0) bench.up_[server(i)] ^= true;
      }
      const auto before = bench.up_;
      const bool were_too_few =
          std::ranges::none_of(before, [](const auto& e) { return e.second; });
      (void)bench.turn();
      const auto up = std::ranges::count_if(bench.up_, [](const auto& e) { return e.second; });
      const auto was = std::ranges::count_if(before, [](const auto& e) { return e.second; });
      EXPECT_TRUE(was == 0 || up > 0) << seed;
      for (const auto& status : bench.pool_.status(bench.now_)) {
        const bool is_held = status.verdict == Verdict::kDown;
        if (is_held) held.try_emplace(status.server, bench.now_);
        if (is_held || !held.contains(status.server)) continue;
        const bool is_early = bench.now_ - held[status.server] < 10s;
        EXPECT_TRUE(!is_early || were_too_few) << seed;
        held.erase(status.server);
      }
      EXPECT_LE(held.size(), static_cast<std::size_t>(servers) / 2) << seed;
    }
  }
}

}  // namespace
}  // namespace yoke::health
