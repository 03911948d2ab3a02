// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/health/fake_prober.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

net::Endpoint at(const std::string& text) { return *net::Endpoint::parse(text); }

Check quick(const std::string& key = "tcp") {
  Check check;
  check.key = key;
  check.interval = milliseconds(5);
  return check;
}
Target target(const std::string& server, std::vector<Check> checks = {quick()},
              Verdict known = Verdict::kUnknown) {
  return {"web", at(server), std::move(checks), known};
}

Target passive(const std::string& server, std::vector<Check> checks,
               Verdict known = Verdict::kUnknown) {
  Target made = target(server, std::move(checks), known);
  made.passive = true;
  return made;
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
  Check web = quick("http");
  web.port = 8080;
  scheduler_.reconcile({target(kA, {quick(), web})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_EQ(scheduler_.status().size(), 2u);
}

// Of three checks, so many must pass; the verdict after so many have failed.
TEST_F(Scheduling, AServerIsUpWhileAsManyChecksPassAsMust) {
  struct Case {
    std::size_t required;
    std::vector<std::string> failing;
    Verdict verdict;
  };
  const Case kCases[] = {
      {0, {"a"}, Verdict::kDown},           {1, {"a", "b"}, Verdict::kUp},
      {1, {"a", "b", "c"}, Verdict::kDown}, {2, {"a"}, Verdict::kUp},
      {2, {"a", "c"}, Verdict::kDown},      {3, {"b"}, Verdict::kDown},
  };
  for (const Case& c : kCases) {
    scheduler_.reconcile({});
    for (const char* key : {"a", "b", "c"}) prober_.answer(key, Outcome::kPassed);
    Target of_three = target(kA, {quick("a"), quick("b"), quick("c")});
    of_three.required = c.required;
    scheduler_.reconcile({of_three});
    ASSERT_TRUE(until_told(kA, Verdict::kUp));
    for (const std::string& key : c.failing) prober_.answer(key, Outcome::kFailed);
    ASSERT_TRUE(loop_.until([&] {
      return std::ranges::count(scheduler_.status(), Verdict::kDown, &Scheduler::Status::verdict) ==
             static_cast<std::ptrdiff_t>(c.failing.size());
    }));
    EXPECT_EQ(told_[kA], c.verdict) << c.required << " of 3, failing " << c.failing.size();
  }
}

TEST_F(Scheduling, AServerIsUpAsSoonAsEnoughChecksPassedAndDownOnceTooFewCan) {
  Target target_of_two = target(kA, {quick("a"), quick("b")});
  target_of_two.required = 1;
  prober_.answer("b", Outcome::kNotTried);  // is never known
  scheduler_.reconcile({target_of_two});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.answer("a", Outcome::kFailed);
  const auto failures = [&] { return scheduler_.status()[0].failures; };
  ASSERT_TRUE(loop_.until([&] { return failures() > 5; }));
  EXPECT_EQ(told_[kA], Verdict::kUp) << "the other may still pass";
  prober_.answer("b", Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
}

TEST_F(Scheduling, ALastFewProbesAreRememberedInTheirOrder) {
  scheduler_.reconcile({target(kA, {quick("a"), quick("b")})});
  ASSERT_TRUE(turns(kA, 30));
  prober_.answer("a", Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  const auto history = scheduler_.history("web", at(kA));
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].check, "a");
  ASSERT_EQ(history[0].probes.size(), Watch::kPastMax);
  EXPECT_EQ(history[0].probes.back().result.outcome, Outcome::kFailed);
  EXPECT_EQ(history[0].probes.front().result.outcome, Outcome::kPassed);
  for (std::size_t i = 1; i < history[0].probes.size(); ++i) {
    EXPECT_LE(history[0].probes[i - 1].began, history[0].probes[i].began);
  }
  EXPECT_TRUE(scheduler_.history("web", at(kB)).empty());
}

// From one probe to the next, in turn.
std::vector<milliseconds> gaps(const std::vector<MonoTime>& begun) {
  std::vector<milliseconds> out;
  for (std::size_t i = 1; i < begun.size(); ++i) {
    out.push_back(std::chrono::round<milliseconds>(begun[i] - begun[i - 1]));
  }
  return out;
}

TEST_F(Scheduling, AServerThatSeemsToChangeIsProbedFaster) {
  Check check = quick();
  check.interval = std::chrono::hours(1);
  check.fast_interval = milliseconds(5);
  prober_.answer(kA, Outcome::kFailed);
  scheduler_.reconcile({target(kA, {check}, Verdict::kUp)});
  ASSERT_TRUE(until_told(kA, Verdict::kDown)) << "three times, and not in two hours";
  EXPECT_EQ(prober_.started(kA), 3);
  EXPECT_FALSE(loop_.until([&] { return prober_.started(kA) > 3; }, std::chrono::seconds(1)))
      << "what has changed is no longer changing";
}

TEST_F(Scheduling, AServerThatIsDownIsProbedAtAPaceOfItsOwn) {
  Check check = quick();
  check.down_interval = std::chrono::hours(1);
  prober_.answer(kA, Outcome::kFailed);
  scheduler_.reconcile({target(kA, {check}, Verdict::kUp)});
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  EXPECT_FALSE(loop_.until([&] { return prober_.started(kA) > 3; }, std::chrono::seconds(1)));
}

TEST_F(Scheduling, JitterPutsProbesOffAndAddsNothingUp) {
  Check check = quick();
  check.interval = milliseconds(20);
  check.jitter_percent = 50;
  const auto began = MonoClock::now();
  scheduler_.reconcile({target(kA, {check})});
  ASSERT_TRUE(turns(kA, 21));
  EXPECT_GE(MonoClock::now() - began, 20 * check.interval);
  const auto all = gaps(prober_.begun());
  EXPECT_NE(std::ranges::min(all), std::ranges::max(all));
}

TEST_F(Scheduling, AServerThatIsUpStaysUpWhenItsChecksChange) {
  scheduler_.reconcile({target(kA)});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  prober_.hold(true);
  Check other = quick();
  other.fall = 7;
  scheduler_.reconcile({target(kA, {other, quick("http")})});
  for (const auto& row : scheduler_.status()) EXPECT_EQ(row.verdict, Verdict::kUp);
  EXPECT_EQ(reports_, 1);
}

TEST_F(Scheduling, AServerThatIsDownIsUpOnceTheCheckThatFailedIsGone) {
  Check web = quick("http");
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

TEST_F(Scheduling, OfSomePoolsAloneOthersAreLeftAsTheyAre) {
  Target other = target(kB);
  other.pool = "other";
  scheduler_.reconcile({target(kA), other});
  ASSERT_TRUE(until_told(kB, Verdict::kUp));
  scheduler_.reconcile({target("10.0.0.3:80")}, {"web"});
  ASSERT_EQ(scheduler_.status("web").size(), 1U);
  EXPECT_EQ(scheduler_.status("web")[0].server, at("10.0.0.3:80"));
  EXPECT_EQ(scheduler_.status("other").at(0).verdict, Verdict::kUp) << "nothing was given up";
  scheduler_.reconcile({}, {"other", "gone"});
  EXPECT_EQ(scheduler_.status().size(), 1U);
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

TEST_F(Scheduling, ACheckThatCannotBeMadeIsToldOf) {
  const Target second = target(kB, {quick(), quick("script:lag")});
  prober_.answer("script:lag", Outcome::kNotTried);
  scheduler_.reconcile({target(kA), second});
  ASSERT_TRUE(turns(kB, 4));
  EXPECT_TRUE(scheduler_.untried(MonoClock::now()).empty()) << "it may be an accident yet";
  const auto later = MonoClock::now() + Watch::kUntriedMin - milliseconds(1);
  ASSERT_TRUE(turns(kA, 2) && turns(kB, 4));
  const auto found = scheduler_.untried(later);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pool, "web");
  EXPECT_EQ(found[0].check, "script:lag");
  EXPECT_EQ(found[0].servers, 1U);
  EXPECT_EQ(found[0].last, "not fine");
  prober_.answer("script:lag", Outcome::kFailed);
  const auto much_later = MonoClock::now() + Watch::kUntriedMin - milliseconds(1);
  ASSERT_TRUE(turns(kA, 2) && turns(kB, 6));
  EXPECT_TRUE(scheduler_.untried(much_later).empty());
  scheduler_.pause();
  EXPECT_TRUE(scheduler_.untried(later + std::chrono::hours(1)).empty()) << "nobody is asked";
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
  scheduler_.reconcile({target(kA, {quick(), quick("http")})});
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

// As where there was no memory to end it by.
TEST_F(Scheduling, AProbeThatComesToNoEndIsGivenUpAndAnotherBegun) {
  prober_.hold(true);
  int changes = 0;
  Watch watch(loop_.get(), prober_, at(kA), quick(), {[&] { ++changes; }, [] {}});
  const auto later = [](std::chrono::seconds time) { return MonoClock::now() + time; };
  watch.mend(later(std::chrono::hours(1)));
  EXPECT_EQ(prober_.started(kA), 0) << "it has not been started";
  watch.start(milliseconds(0));
  watch.mend(later(std::chrono::hours(1)));
  EXPECT_TRUE(watch.past().empty()) << "it waits for its turn";
  ASSERT_TRUE(turns(kA, 1));
  watch.mend(later(std::chrono::seconds(5)));
  EXPECT_TRUE(watch.past().empty()) << "it may only be busy";
  watch.mend(later(std::chrono::hours(1)));
  ASSERT_EQ(watch.past().size(), 1U);
  EXPECT_EQ(watch.past()[0].result.outcome, Outcome::kNotTried);
  EXPECT_EQ(watch.last_text(), "not tried: the probe came to no end");
  ASSERT_TRUE(turns(kA, 1));
  EXPECT_EQ(changes, 0);
  watch.stop();
  watch.mend(later(std::chrono::hours(1)));
  EXPECT_EQ(watch.past().size(), 1U);
}

TEST_F(Scheduling, WhoIsHeldIsDownWhateverItsChecksSayUntilItIsReleased) {
  scheduler_.reconcile({passive(kA, {quick()}), passive(kB, {quick()})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  scheduler_.hold("web", at(kA), "passive 5 of 5 failed");
  EXPECT_EQ(told_[kA], Verdict::kDown);
  EXPECT_EQ(last_.reason, "passive 5 of 5 failed");
  EXPECT_EQ(scheduler_.verdict("web", at(kA)), Verdict::kDown);
  ASSERT_TRUE(turns(kA, 5));
  EXPECT_EQ(told_[kA], Verdict::kDown);
  scheduler_.release("web", at(kA), "passive tried again");
  EXPECT_EQ(told_[kA], Verdict::kUp);
  EXPECT_EQ(last_.reason, "fine") << "its checks have brought it back";
  scheduler_.hold("web", at("10.0.0.9:80"), "nobody");
}

TEST_F(Scheduling, WhoIsReleasedWhileItsChecksFailComesBackWhenTheyPass) {
  scheduler_.reconcile({passive(kA, {quick()})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  scheduler_.hold("web", at(kA), "passive");
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(loop_.until([&] { return scheduler_.status()[0].verdict == Verdict::kDown; }));
  scheduler_.release("web", at(kA), "passive tried again");
  EXPECT_EQ(told_[kA], Verdict::kDown);
  prober_.answer(kA, Outcome::kPassed);
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
}

TEST_F(Scheduling, AServerThatIsLookedAtPassivelyAloneIsUpWhileItIsNotHeld) {
  Target any = passive(kB, {});
  any.required = 1;
  scheduler_.reconcile({passive(kA, {}, Verdict::kUp), any});
  EXPECT_EQ(reports_, 1) << "of the one that was not known to be up";
  EXPECT_EQ(told_[kB], Verdict::kUp);
  scheduler_.hold("web", at(kA), "passive");
  EXPECT_EQ(told_[kA], Verdict::kDown);
  scheduler_.reconcile({passive(kA, {}, Verdict::kDown), any});
  EXPECT_EQ(told_[kA], Verdict::kDown) << "it stays as it is";
  scheduler_.release("web", at(kA), "passive tried again");
  EXPECT_EQ(last_.reason, "passive tried again");
  EXPECT_EQ(told_[kA], Verdict::kUp);
  EXPECT_EQ(prober_.started(kA), 0);
}

TEST_F(Scheduling, WhoIsHeldIsReleasedWhenThePoolIsPassiveNoMore) {
  scheduler_.reconcile({passive(kA, {quick()})});
  ASSERT_TRUE(until_told(kA, Verdict::kUp));
  scheduler_.hold("web", at(kA), "passive");
  scheduler_.reconcile({target(kA)});
  EXPECT_EQ(told_[kA], Verdict::kUp);
}

TEST_F(Scheduling, ResponseTimesAreToldOnceUntilTheyAreOthers) {
  std::map<std::string, std::vector<std::chrono::microseconds>> times;
  scheduler_.on_response([&](const std::string& pool, const net::Endpoint& server, auto time) {
    EXPECT_EQ(pool, "web");
    times[server.to_string()].push_back(time);
  });
  prober_.take(milliseconds(20));
  scheduler_.reconcile({target(kA, {quick("a"), quick("b")}), target(kB)});
  ASSERT_TRUE(turns(kA, 20));
  ASSERT_TRUE(turns(kB, 10));
  ASSERT_EQ(times[kA].size(), 1U) << "the same is not told again";
  EXPECT_EQ(times[kA][0], milliseconds(20));
  prober_.take(milliseconds(200));
  ASSERT_TRUE(loop_.until([&] { return times[kB].size() > 1; }));
  EXPECT_GT(times[kB].back(), milliseconds(24));
  // A server that fails has none.
  const auto told = times[kA].size();
  prober_.answer(kA, Outcome::kFailed);
  ASSERT_TRUE(until_told(kA, Verdict::kDown));
  prober_.take(milliseconds(2000));
  ASSERT_TRUE(turns(kA, 10));
  EXPECT_LE(times[kA].size(), told + 1);
}

}  // namespace
}  // namespace yoke::health
