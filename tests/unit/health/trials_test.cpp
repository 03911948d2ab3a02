// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/trials.h"

#include <gtest/gtest.h>

#include <map>

namespace yoke::health {
namespace {

// Probes that end when the test says so.
class HeldProber final : public Prober {
 public:
  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override {
    const std::string name = server.to_string() + ' ' + check.key;
    held_[name] = std::move(done);
    return std::make_unique<HeldProbe>(held_, name);
  }
  void end(const std::string& name, Outcome outcome) {
    const ProbeDone done = held_.at(name);
    done({outcome, "so it was", {}, {}});
  }
  [[nodiscard]] std::size_t under_way() const { return held_.size(); }

 private:
  using Held = std::map<std::string, ProbeDone>;
  class HeldProbe final : public Probe {
   public:
    HeldProbe(Held& held, std::string name) : held_(held), name_(std::move(name)) {}
    ~HeldProbe() override { held_.erase(name_); }

   private:
    Held& held_;
    std::string name_;
  };
  Held held_;
};

Target target(const std::string& server, const std::vector<std::string>& keys) {
  Target made{.pool = "web", .server = *net::Endpoint::parse(server), .checks = {}};
  for (const std::string& key : keys) made.checks.emplace_back().key = key;
  return made;
}

TEST(Trials, AreDoneOnceEveryProbeHasEnded) {
  HeldProber prober;
  Trials trials(prober);
  const auto number = trials.start({target("10.0.0.1:80", {"tcp", "http"})});
  ASSERT_TRUE(number);
  ASSERT_NE(trials.find(*number), nullptr);
  EXPECT_FALSE(trials.find(*number)->is_done());
  prober.end("10.0.0.1:80 tcp", Outcome::kPassed);
  EXPECT_FALSE(trials.find(*number)->is_done());
  prober.end("10.0.0.1:80 http", Outcome::kFailed);
  EXPECT_TRUE(trials.find(*number)->is_done());
  EXPECT_EQ(trials.find(*number)->tried[1].result->outcome, Outcome::kFailed);
  trials.forget(*number);
  EXPECT_EQ(trials.find(*number), nullptr);
  EXPECT_EQ(prober.under_way(), 0U);
}

TEST(Trials, AreOfSoManyProbesAndNoMore) {
  HeldProber prober;
  Trials trials(prober);
  std::vector<Target> many(Trials::kProbesMax + 1, target("10.0.0.1:80", {"tcp"}));
  const auto refused = trials.start(many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-421");
  EXPECT_EQ(prober.under_way(), 0U);
}

TEST(Trials, OneTooManyIsRefusedUnlessAnotherIsAskedForNoMore) {
  HeldProber prober;
  MonoTime now = MonoClock::now();
  Trials trials(prober, [&now] { return now; });
  const auto start = [&](std::size_t i) {
    return trials.start({target("10.0.1." + std::to_string(i + 1) + ":80", {"tcp"})});
  };
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < Trials::kTrialsMax; ++i) numbers.push_back(start(i).value());
  const auto refused = start(100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-421");
  EXPECT_EQ(refused.error().text, "16 tests are under way already: wait for one to end");
  EXPECT_EQ(prober.under_way(), Trials::kTrialsMax) << "nobody's is given up for it";
  now += Trials::kForgottenAfter;
  for (const auto number : numbers) {
    if (number == numbers[3]) continue;
    EXPECT_NE(trials.find(number), nullptr);
  }
  now += std::chrono::seconds(1);
  ASSERT_TRUE(start(101));
  EXPECT_EQ(trials.find(numbers[3]), nullptr);
  EXPECT_NE(trials.find(numbers[0]), nullptr);
  EXPECT_EQ(prober.under_way(), Trials::kTrialsMax);
}

// As where there was no memory to end a probe by.
TEST(Trials, HaveAnEndEvenIfAProbeHasNone) {
  HeldProber prober;
  MonoTime now = MonoClock::now();
  Trials trials(prober, [&now] { return now; });
  const auto number = trials.start({target("10.0.0.1:80", {"tcp"})});
  ASSERT_TRUE(number);
  now += std::chrono::seconds(5);
  EXPECT_FALSE(trials.find(*number)->is_done());
  now += std::chrono::minutes(1);
  ASSERT_TRUE(trials.find(*number)->is_done());
  EXPECT_EQ(trials.find(*number)->tried[0].result->outcome, Outcome::kNotTried);
}

}  // namespace
}  // namespace yoke::health
