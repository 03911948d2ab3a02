// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/scheduler.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "mgmt/health/targets.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

net::Endpoint at(const std::string& text) { return *net::Endpoint::parse(text); }

// Answers as it is told, in the next turn of the loop, and sees that no two probes of a check
// overlap.
class FakeProber final : public Prober {
 public:
  explicit FakeProber(sd_event* loop) : loop_(loop) {}

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override {
    const auto key = std::pair(server, check.type);
    EXPECT_EQ(under_way_[key], 0) << "two at once for " << server.to_string();
    ++started_[server.to_string()];
    begun_.push_back(MonoClock::now());
    const Outcome outcome =
        outcomes_.contains(server.to_string()) ? outcomes_[server.to_string()] : Outcome::kPassed;
    return std::make_unique<FakeProbe>(loop_, under_way_[key], holds_, [outcome, done] {
      done({outcome, outcome == Outcome::kPassed ? "fine" : "not fine", {}});
    });
  }

  void answer(const std::string& server, Outcome outcome) { outcomes_[server] = outcome; }
  void hold(bool holds) { holds_ = holds; }  // answers nothing
  [[nodiscard]] int started(const std::string& server) { return started_[server]; }
  [[nodiscard]] const std::vector<MonoTime>& begun() const { return begun_; }
  [[nodiscard]] int under_way() const {
    int sum = 0;
    for (const auto& [key, count] : under_way_) sum += count;
    return sum;
  }

 private:
  class FakeProbe final : public Probe {
   public:
    FakeProbe(sd_event* loop, int& under_way, bool holds, std::function<void()> done)
        : under_way_(under_way), timer_(loop, std::move(done)) {
      ++under_way_;
      if (!holds) timer_.start(milliseconds(0));
    }
    ~FakeProbe() override { --under_way_; }

   private:
    int& under_way_;
    hal::Timer timer_;
  };

  sd_event* loop_;
  bool holds_ = false;
  std::map<std::pair<net::Endpoint, CheckType>, int> under_way_;
  std::map<std::string, Outcome> outcomes_;
  std::map<std::string, int> started_;
  std::vector<MonoTime> begun_;  // of all
};

Check quick(CheckType type = CheckType::kTcp) {
  Check check;
  check.type = type;
  check.interval = milliseconds(5);
  return check;
}
Target target(const std::string& server, std::vector<Check> checks = {quick()},
              Verdict known = Verdict::kUnknown) {
  return {"web", at(server), std::move(checks), known};
}

constexpr const char* kA = "10.0.0.1:80";
constexpr const char* kB = "10.0.0.2:80";

class Scheduling : public ::testing::Test {
 protected:
  [[nodiscard]] bool until_told(const std::string& server, Verdict verdict) {
    return loop_.until([&] { return told_[server] == verdict; });
  }
  // Until `count` more probes of the server have begun.
  [[nodiscard]] bool turns(const std::string& server, int count) {
    const int goal = prober_.started(server) + count;
    return loop_.until([&] { return prober_.started(server) >= goal; });
  }

  Loop loop_;
  FakeProber prober_{loop_.get()};
  std::map<std::string, Verdict> told_;
  Scheduler::Change last_;
  int reports_ = 0;
  Scheduler scheduler_{loop_.get(), prober_, [this](const Scheduler::Change& change) {
                         told_[change.server.to_string()] = change.verdict;
                         last_ = change;
                         ++reports_;
                       }};
};

TEST_F(Scheduling, ServersGoDownAndComeBackAsTheirChecksSay) {
  scheduler_.reconcile({target(kA), target(kB)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  ASSERT_TRUE(until_told(kB, Verdict::kUp));
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  prober_.answer(kA, Outcome::kPassed);
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  EXPECT_EQ(told_[kB], Verdict::kUp);
  EXPECT_EQ(reports_, 4) << "on change alone";
}

TEST_F(Scheduling, WhatIsKnownFromBeforeARestartStandsUntilChecksFail) {
  prober_.answer(kA, Outcome::kFailed);
  prober_.hold(true);
  scheduler_.reconcile({target(kA, {quick()}, Verdict::kUp)});
  ASSERT_TRUE(turns(kA, 1));
  EXPECT_EQ(scheduler_.status()[0].verdict, Verdict::kUp);
  EXPECT_EQ(reports_, 0) << "nothing new";
  scheduler_.pause();
  prober_.hold(false);
  scheduler_.resume();
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_GE(prober_.started(kA), 3) << "fall is 3";
}

TEST_F(Scheduling, OneFailingCheckOfTwoTakesAServerDown) {
  Check web = quick(CheckType::kHttp);
  web.port = 8080;
  scheduler_.reconcile({target(kA, {quick(), web})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_EQ(scheduler_.status().size(), 2u);
}

TEST_F(Scheduling, AServerThatIsUpStaysUpWhenItsChecksChange) {
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.hold(true);
  Check other = quick();
  other.fall = 7;
  scheduler_.reconcile({target(kA, {other, quick(CheckType::kHttp)})});
  for (const auto& row : scheduler_.status()) EXPECT_EQ(row.verdict, Verdict::kUp);
  EXPECT_EQ(reports_, 1);
}

TEST_F(Scheduling, AServerThatIsDownIsUpOnceTheCheckThatFailedIsGone) {
  Check web = quick(CheckType::kHttp);
  scheduler_.reconcile({target(kA, {web})});
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  prober_.answer(kA, Outcome::kPassed);
  scheduler_.reconcile({target(kA, {quick()})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
}

TEST_F(Scheduling, ServersThatStayAreNotDisturbedByThoseThatComeAndGo) {
  scheduler_.reconcile({target(kA), target(kB)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  const auto since = scheduler_.status()[0].since;
  scheduler_.reconcile({target(kA)});
  ASSERT_EQ(scheduler_.status().size(), 1u);
  EXPECT_EQ(scheduler_.status()[0].since, since);
  ASSERT_TRUE(turns(kA, 3));
  EXPECT_EQ(reports_ - static_cast<int>(told_.contains(kB)), 1);
}

TEST_F(Scheduling, ReconcilingGivesUpProbesUnderWay) {
  prober_.hold(true);
  scheduler_.reconcile({target(kA), target(kB)});
  ASSERT_TRUE(loop_.until([&] { return prober_.under_way() == 2; }));
  scheduler_.reconcile({target(kB)});
  EXPECT_EQ(prober_.under_way(), 1);
  scheduler_.reconcile({});
  EXPECT_EQ(prober_.under_way(), 0);
}

TEST_F(Scheduling, WhilePausedNothingIsProbedAndNothingSaid) {
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer(kA, Outcome::kFailed);
  scheduler_.pause();
  EXPECT_EQ(prober_.under_way(), 0);
  const int started = prober_.started(kA);
  scheduler_.reconcile({target(kA), target(kB)});
  EXPECT_FALSE(loop_.until([&] { return prober_.started(kA) > started; }, std::chrono::seconds(0)));
  EXPECT_EQ(prober_.started(kB), 0);
  scheduler_.resume();
  EXPECT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_TRUE(until_told(kB, Verdict::kUp));
}

TEST_F(Scheduling, WhatCouldNotBeTriedSaysNothingOfTheServer) {
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer(kA, Outcome::kNotTried);
  ASSERT_TRUE(turns(kA, 6));
  EXPECT_EQ(told_[kA], Verdict::kUp);
  EXPECT_EQ(scheduler_.status()[0].failures, 0u);
}

std::string numbered(int i) {
  return "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":80";
}
std::vector<Target> many(int count, milliseconds interval) {
  Check check;
  check.interval = interval;
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) targets.push_back(target(numbered(i), {check}));
  return targets;
}

// Within a second, that is; in how many of its hundredths depends on how often the machine stalls.
// All at once would be one or two, and timers left to sd-event's own accuracy half a dozen.
TEST_F(Scheduling, AThousandServersDoNotBeginInTheSameInstant) {
  prober_.hold(true);
  scheduler_.reconcile(many(1000, milliseconds(10'000)));
  ASSERT_TRUE(loop_.until([&] { return prober_.under_way() == 1000; }));
  std::set<std::int64_t> hundredths;
  for (const MonoTime begun : prober_.begun()) {
    hundredths.insert(begun.time_since_epoch() / milliseconds(10));
  }
  EXPECT_GT(hundredths.size(), 30u);
}

TEST_F(Scheduling, MoreServersThanTheirIntervalHasMillisecondsAreSpreadOverAllOfIt) {
  prober_.hold(true);
  scheduler_.reconcile(many(2000, milliseconds(500)));
  ASSERT_TRUE(loop_.until([&] { return prober_.started(numbered(500)) == 1; }));
  EXPECT_EQ(prober_.started(numbered(499)), 0) << "the one after the last of the first round";
}

TEST_F(Scheduling, AChangeIsToldWithTheResultThatDecided) {
  scheduler_.reconcile({target(kA, {quick(), quick(CheckType::kHttp)})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  EXPECT_EQ(last_.reason, "fine");
  prober_.answer(kA, Outcome::kFailed);
  const auto before = MonoClock::now();
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_EQ(last_.pool, "web");
  EXPECT_EQ(last_.reason, "not fine");
  EXPECT_GE(last_.when, before);
}

TEST_F(Scheduling, AServerThatIsSlowToAnswerDelaysNoOther) {
  prober_.hold(true);
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(turns(kA, 1));
  prober_.hold(false);
  scheduler_.reconcile({target(kA), target(kB)});
  ASSERT_TRUE(turns(kB, 10));
  EXPECT_EQ(prober_.started(kA), 1) << "one at a time for each server";
}

TEST_F(Scheduling, ProbesKeepToTheirIntervalAndNoFaster) {
  Check check;
  check.interval = milliseconds(20);
  const auto began = MonoClock::now();
  scheduler_.reconcile({target(kA, {check})});
  ASSERT_TRUE(turns(kA, 11));
  EXPECT_GE(MonoClock::now() - began, 10 * check.interval);
}

TEST_F(Scheduling, AFailureBeforeAPauseIsNotCountedWithThoseAfterIt) {
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer(kA, Outcome::kFailed);
  for (int i = 0; i < 5; ++i) {  // two failures at most between one pause and the next
    const auto failures = scheduler_.status()[0].failures;
    ASSERT_TRUE(loop_.until([&] { return scheduler_.status()[0].failures > failures; }));
    scheduler_.pause();
    scheduler_.resume();
  }
  EXPECT_EQ(told_[kA], Verdict::kUp);
}

TEST(Targets, AreTheServersInUseOfPoolsWithChecks) {
  model::Config config;
  const auto set = [&](std::vector<std::string> path, const model::Fields& fields) {
    const auto ok = config.set(model::Path{std::move(path)}, fields);
    ASSERT_TRUE(ok) << ok.error().text;
  };
  set({"pool", "web", "server", "10.0.0.1:80"}, {});
  set({"pool", "web", "server", "10.0.0.2:80"}, {{"enabled", "no"}});
  set({"pool", "web", "check", "http"}, {{"request", "HEAD"},
                                         {"path", "/up"},
                                         {"host", "www.example.net"},
                                         {"expect", "200-299,401"},
                                         {"port", "8080"},
                                         {"interval", "500ms"},
                                         {"timeout", "250ms"},
                                         {"rise", "4"},
                                         {"fall", "5"}});
  set({"pool", "web", "check", "tcp"}, {});
  set({"pool", "unchecked", "server", "10.0.0.3:80"}, {});
  const auto targets = targets_of(config);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].pool, "web");
  EXPECT_EQ(targets[0].server, at("10.0.0.1:80"));
  ASSERT_EQ(targets[0].checks.size(), 2u);
  Check http;
  http.type = CheckType::kHttp;
  http.port = 8080;
  http.interval = milliseconds(500);
  http.timeout = milliseconds(250);
  http.rise = 4;
  http.fall = 5;
  http.head = true;
  http.path = "/up";
  http.host = "www.example.net";
  http.expect = {{200, 299}, {401, 401}};
  EXPECT_EQ(targets[0].checks[0], http);
  EXPECT_EQ(targets[0].checks[1], Check{}) << "the schema's defaults are the type's own";
}

}  // namespace
}  // namespace yoke::health
