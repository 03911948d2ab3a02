// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/supervisor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"
#include "tests/unit/health/loop.h"

namespace yoke::alarms {
namespace {

using events::Kind;

class Supervision : public testing::Test {
 protected:
  Supervision() : store_(store::must_open(folder_.file())), committer_(*store_, data_plane_) {
    EXPECT_TRUE(committer_.reconcile(MonoClock::now()));
    supervisor_.start();
  }
  bool until_told(Kind kind) {
    return loop_.until([&] {
      return std::ranges::any_of(told_, [kind](const auto& event) { return event.kind == kind; });
    });
  }
  bool until_standing(Kind kind, bool stands) {
    return loop_.until([&] { return supervisor_.alarms().stands(kind) == stands; });
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  commit::FakeDataPlane data_plane_;
  commit::Committer committer_;
  health::Loop loop_;
  std::vector<events::Event> told_;
  std::vector<Condition> others_;
  Supervisor supervisor_{loop_.get(),
                         {.committer = committer_,
                          .reason = [](const auto&) { return std::string("refused"); },
                          .others = [this] { return others_; },
                          .folder = folder_.path().string()},
                         [this](const events::Event& event) { told_.push_back(event); }};
};

TEST_F(Supervision, FollowsTheUnitByItself) {
  data_plane_.traffic.ports.push_back({.name = "wan", .driver = "", .mac = "", .link_up = false});
  EXPECT_TRUE(until_told(Kind::kLinkDown));
  data_plane_.traffic.ports[0].link_up = true;
  EXPECT_TRUE(until_told(Kind::kLinkUp));
  others_ = {{Kind::kEventLogFailed, "", "no space left"}};
  EXPECT_TRUE(until_told(Kind::kEventLogFailed));
}

TEST_F(Supervision, FollowsTheServersThroughEveryChange) {
  const commit::Author author{"ann", "pid 1", "cli"};
  ASSERT_TRUE(committer_.commit(commit::web_config(), author, {}));
  const commit::ServerId first{"web", net::Endpoint::parse("192.0.2.11:80").value()};
  for (const auto verdict :
       {commit::Verdict::kDown, commit::Verdict::kUp, commit::Verdict::kDown}) {
    committer_.report(first, verdict, MonoClock::now());
    supervisor_.look_soon();
    EXPECT_TRUE(until_standing(Kind::kServerDown, verdict == commit::Verdict::kDown));
  }
  ASSERT_TRUE(committer_.commit(model::Config(), author, {}));
  EXPECT_TRUE(until_standing(Kind::kServerDown, false)) << "what is not there is not down";
}

TEST_F(Supervision, ALinkIsNotTakenForUpBecauseNobodyKnows) {
  data_plane_.traffic.ports.push_back({.name = "wan", .driver = "", .mac = "", .link_up = false});
  ASSERT_TRUE(until_standing(Kind::kLinkDown, true));
  data_plane_.alive = false;
  ASSERT_TRUE(until_standing(Kind::kDataPlaneLost, true));
  EXPECT_TRUE(supervisor_.alarms().stands(Kind::kLinkDown));
}

TEST_F(Supervision, ACommitThatWaitsStandsUntilItIsConfirmed) {
  const commit::Author author{"ann", "pid 1", "cli"};
  ASSERT_TRUE(committer_.commit(commit::web_config(), author,
                                {.note = "", .confirm_within = std::chrono::minutes(5)}));
  supervisor_.look_soon();
  EXPECT_TRUE(until_standing(Kind::kCommitWaits, true));
  ASSERT_TRUE(committer_.confirm(author));
  supervisor_.look_soon();
  EXPECT_TRUE(until_standing(Kind::kCommitWaits, false));
}

}  // namespace
}  // namespace yoke::alarms
