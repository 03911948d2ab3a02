// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/observer.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/health/fake_prober.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {
namespace {

using namespace std::chrono_literals;

const net::Endpoint kA = *net::Endpoint::parse("10.0.0.1:80");
const net::Endpoint kB = *net::Endpoint::parse("10.0.0.2:80");

class Observing : public testing::Test {
 protected:
  void follow(const std::vector<PassiveTarget>& targets) {
    std::vector<Target> watched;
    for (const PassiveTarget& target : targets) {
      for (const net::Endpoint& server : target.servers) {
        watched.push_back({target.pool, server, {}, Verdict::kUp, 0, true});
      }
    }
    checks_.reconcile(watched);
    observer_.reconcile(targets, {"web", "db"});
  }
  static PassiveTarget pool(const std::string& name) { return {name, {5, 10s, 1s}, {kA, kB}}; }

  Loop loop_;
  FakeProber prober_{loop_.get()};
  std::map<std::string, int> told_;  // "down 10.0.0.1:80"
  Scheduler checks_{loop_.get(), prober_, [this](const Scheduler::Change& change) {
                      const bool is_up = change.verdict == Verdict::kUp;
                      ++told_[(is_up ? "up " : "down ") + change.server.to_string()];
                    }};
  std::vector<std::vector<std::string>> asked_;
  std::optional<Observer::Counts> counts_ = Observer::Counts();
  Observer observer_{loop_.get(), checks_, [this](const std::vector<std::string>& pools) {
                       asked_.push_back(pools);
                       return counts_;
                     }};
};

TEST_F(Observing, AServerWhoseConnectionsFailIsTakenOutAndComesBack) {
  (*counts_)["web"] = {{kA, {}}, {kB, {}}};
  follow({pool("web")});
  observer_.resume();
  ASSERT_TRUE(loop_.until([&] { return asked_.size() == 1; }));
  EXPECT_EQ(asked_[0], std::vector<std::string>{"web"});
  (*counts_)["web"][kA].refused = 5;
  ASSERT_TRUE(loop_.until([&] { return told_["down 10.0.0.1:80"] == 1; }));
  EXPECT_EQ(observer_.status("web")[0].verdict, Verdict::kDown);
  EXPECT_EQ(observer_.status().size(), 2U);
  EXPECT_EQ(observer_.past("web", kA)->size(), 1U);
  ASSERT_TRUE(loop_.until([&] { return told_["up 10.0.0.1:80"] == 1; }));
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(Observing, NobodyIsAskedWithoutSuchAPoolOrWhilePaused) {
  observer_.resume();
  EXPECT_FALSE(loop_.until([&] { return !asked_.empty(); }, 2s));
  observer_.pause();
  follow({pool("web")});
  EXPECT_FALSE(loop_.until([&] { return !asked_.empty(); }, 2s));
  observer_.resume();
  EXPECT_TRUE(loop_.until([&] { return !asked_.empty(); }));
  follow({});
  asked_.clear();
  EXPECT_FALSE(loop_.until([&] { return !asked_.empty(); }, 2s));
  EXPECT_TRUE(observer_.status().empty());
}

TEST_F(Observing, WhoDoesNotTellIsAskedLessOften) {
  counts_.reset();
  follow({pool("web"), pool("db")});
  observer_.resume();
  ASSERT_TRUE(loop_.until([&] { return asked_.size() == 1; }));
  EXPECT_EQ(asked_[0], (std::vector<std::string>{"db", "web"}));
  EXPECT_FALSE(loop_.until([&] { return asked_.size() == 2; }, 3s));
  EXPECT_TRUE(loop_.until([&] { return asked_.size() == 2; }));
  EXPECT_EQ(observer_.status("db")[0].verdict, Verdict::kUnknown);
}

}  // namespace
}  // namespace yoke::health
