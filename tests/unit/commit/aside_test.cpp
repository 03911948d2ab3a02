// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "mgmt/commit/committer.h"
#include "mgmt/commit/compile.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

// What others of the process do while a commit waits, at every point where it does.
namespace yoke::commit {
namespace {

using Fails = FakeDataPlane::Fails;

const MonoTime kNow = MonoTime(std::chrono::hours(5));
const ServerId kFirst{"web", net::Endpoint::parse("192.0.2.11:80").value()};
const ServerId kSecond{"web", net::Endpoint::parse("192.0.2.12:80").value()};
const Author kAnn{"ann", "pid 7", "cli"};
const Author kBob{"bob", "pid 8", "cli"};

// Before and after each thing that a commit does aside: comparing, compiling, staging, the disk.
constexpr int kPoints = 8;
constexpr int kStaging = 4;
constexpr int kOnDisk = 7;
// One that is gone back from comes by the disk, compiling and staging once more.
constexpr int kPointsAndBack = kPoints + 6;

// At revision 2, web_config(), with both servers up; `others` are called with the number of each
// point that the commit comes by from now on.
struct Plane {
  Plane() : store(store::must_open(folder.file())), committer(*store, data_plane) {
    EXPECT_TRUE(committer.reconcile(kNow));
    EXPECT_TRUE(committer.commit(weighted_config(), kAnn, {}));
    EXPECT_TRUE(committer.commit(web_config(), kAnn, {}));
    for (const ServerId& server : {kFirst, kSecond}) {
      committer.report(server, Verdict::kUp, kNow);
    }
    EXPECT_TRUE(committer.publish());
    committer.wait_aside([this](const auto& work) {
      others(point++);
      work();
      others(point++);
    });
  }

  auto commit(const model::Config& config) { return committer.commit(config, kAnn, {}); }
  // The data plane runs what is committed, with every server as it was reported.
  void expect_in_step() {
    ASSERT_TRUE(data_plane.running);
    const auto& running = committer.running();
    EXPECT_EQ(*data_plane.running,
              compile(running.config, committer.servers(), running.revision, store->hash_key()));
  }

  store::TempFolder folder;
  std::unique_ptr<store::ConfigStore> store;
  FakeDataPlane data_plane;
  Committer committer;
  std::function<void(int)> others = [](int) {};
  int point = 0;
};

TEST(Aside, ACommitComesByAllPoints) {
  Plane plane;
  ASSERT_TRUE(plane.commit(weighted_config()));
  EXPECT_EQ(plane.point, kPoints);
}

TEST(Aside, WhatIsReportedMeanwhileIsWhatRunsInTheEnd) {
  for (const auto& [activation, points] :
       {std::pair(Fails::kNothing, kPoints), std::pair(Fails::kRefuses, kPointsAndBack)}) {
    for (int at = 0; at < 2 * points; ++at) {
      SCOPED_TRACE(at);
      Plane plane;
      plane.data_plane.activate_fails = {activation};
      plane.others = [&](int point) {
        if (point != at / 2) return;
        plane.committer.report(kFirst, Verdict::kDown, kNow);
        if (at % 2 == 0) {
          EXPECT_TRUE(plane.committer.publish());
        }
      };
      EXPECT_EQ(plane.commit(other_config()).has_value(), activation == Fails::kNothing);
      EXPECT_EQ(plane.point, points);
      EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
      EXPECT_EQ(plane.committer.servers().find(kFirst)->verdict, Verdict::kDown);
      plane.expect_in_step();
      EXPECT_TRUE(plane.committer.reconciled());
    }
  }
}

// What is true of a server before a commit may not be after it.
TEST(Aside, WhatIsReportedOfAServerThatTheCommitChangesIsToldAsItIsAfterIt) {
  model::Config disabled = web_config();
  store::must_set(disabled, {"pool", "web", "server", "192.0.2.11:80"}, {{"enabled", "no"}});
  model::Config unchecked = web_config();
  ASSERT_TRUE(unchecked.remove(model::Path{{"pool", "web", "check", "tcp"}}));
  model::Config renamed = web_config();
  ASSERT_TRUE(renamed.rename(model::Path{{"pool", "web"}}, "shop"));
  model::Config gone = web_config();
  ASSERT_TRUE(gone.remove(model::Path{{"pool", "web", "server", "192.0.2.11:80"}}));
  for (const model::Config& next : {disabled, unchecked, renamed, gone}) {
    for (int at = 0; at < 2 * kPoints; ++at) {
      SCOPED_TRACE(at);
      Plane plane;
      plane.others = [&](int point) {
        if (point != at / 2) return;
        plane.committer.report(kFirst, Verdict::kDown, kNow);
        if (at % 2 == 0) {
          EXPECT_TRUE(plane.committer.publish());
        }
      };
      ASSERT_TRUE(plane.commit(next));
      plane.expect_in_step();
    }
  }
}

TEST(Aside, AVerdictFollowsAServerToItsPoolsNewName) {
  model::Config renamed = web_config();
  ASSERT_TRUE(renamed.rename(model::Path{{"pool", "web"}}, "shop"));
  for (int at = 0; at < kPoints; ++at) {
    SCOPED_TRACE(at);
    Plane plane;
    plane.others = [&](int point) {
      if (point == at) plane.committer.report(kFirst, Verdict::kDown, kNow);
    };
    ASSERT_TRUE(plane.commit(renamed));
    EXPECT_EQ(plane.data_plane.state_of("shop", "192.0.2.11:80"), api::ServerState::kDown);
  }
}

TEST(Aside, ADiskThatKeepsACommitIsToldOf) {
  Plane plane;
  plane.others = [&](int) {
    EXPECT_FALSE(plane.committer.unwritable());
    const auto why = plane.committer.unwritable(MonoClock::now() + std::chrono::seconds(11));
    const bool is_on_disk = plane.point >= kOnDisk;
    ASSERT_EQ(why.has_value(), is_on_disk);
    if (!why) return;
    EXPECT_THAT(why->text, testing::HasSubstr("disk"));
  };
  ASSERT_TRUE(plane.commit(weighted_config()));
  EXPECT_FALSE(plane.committer.unwritable(MonoClock::now() + std::chrono::hours(1)));
}

TEST(Aside, ATimeThatIsUpWhileACommitIsMadeIsNoFailure) {
  Plane plane;
  ASSERT_TRUE(
      plane.committer.commit(weighted_config(), kAnn, {.confirm_within = std::chrono::seconds(1)}));
  plane.others = [&](int) {
    Clocks later = read_clocks();
    later.since_boot += std::chrono::hours(1);
    EXPECT_TRUE(plane.committer.expire(later));
  };
  EXPECT_TRUE(plane.committer.confirm(kAnn));
  EXPECT_FALSE(plane.committer.unconfirmed());
}

TEST(Aside, WhatCouldNotBeToldMeanwhileIsToldInTheEnd) {
  for (int at = 0; at < kPoints; ++at) {
    SCOPED_TRACE(at);
    Plane plane;
    plane.others = [&](int point) {
      if (point != at) return;
      plane.data_plane.states_fail = {Fails::kAnswersTooLate};
      plane.committer.report(kFirst, Verdict::kDown, kNow);
      const bool waits = point == kStaging || point == kStaging + 1;
      EXPECT_EQ(plane.committer.publish().has_value(), waits);
    };
    ASSERT_TRUE(plane.commit(weighted_config()));
    EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
    plane.expect_in_step();
  }
}

// While it is staged to the data plane takes nothing else; it is told before the disk is waited
// for.
TEST(Aside, WhatIsReportedWhileItIsStagedIsToldAtOnceThen) {
  Plane plane;
  plane.others = [&](int point) {
    if (point == kStaging) {
      plane.committer.report(kFirst, Verdict::kDown, kNow);
      EXPECT_TRUE(plane.committer.publish());
    }
    const auto now = plane.data_plane.state_of("web", "192.0.2.11:80");
    EXPECT_EQ(now, point < kOnDisk - 1 ? api::ServerState::kUp : api::ServerState::kDown) << point;
  };
  ASSERT_TRUE(plane.commit(weighted_config()));
  plane.expect_in_step();
}

// It is not the next commit's to tell: there may be none for hours.
TEST(Aside, WhatIsReportedBeforeACommitFailsIsTold) {
  for (const bool is_refused : {true, false}) {
    for (int at = 0; at < kPoints; ++at) {
      SCOPED_TRACE(at);
      Plane plane;
      if (is_refused)
        plane.data_plane.stage_fails = {Fails::kRefuses};
      else
        plane.data_plane.activate_fails = {Fails::kRefuses};
      plane.others = [&](int point) {
        if (point == at) plane.committer.report(kFirst, Verdict::kDown, kNow);
        if (point >= at) {
          EXPECT_TRUE(plane.committer.publish());
        }
        if (point >= kOnDisk - 1 && point > at) {
          EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
        }
      };
      EXPECT_FALSE(plane.commit(weighted_config()));
      if (is_refused && at > kStaging + 1) continue;  // it did not come by there
      EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
    }
  }
}

TEST(Aside, ADataPlaneThatIsLostAfterStagingStopsACommitBeforeTheDisk) {
  Plane plane;
  plane.others = [&](int point) {
    if (point == kStaging) plane.committer.report(kFirst, Verdict::kDown, kNow);
  };
  plane.data_plane.states_fail = {Fails::kDies};
  const auto refused = plane.commit(weighted_config());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.text, testing::StartsWith("nothing is changed"));
  EXPECT_EQ(plane.committer.running().revision, 2U);
}

TEST(Aside, WhatIsReportedWhileAnUndoneCommitIsStagedRunsInTheEnd) {
  for (int at = 0; at < kPointsAndBack - kPoints; ++at) {
    SCOPED_TRACE(at);
    Plane plane;
    ASSERT_TRUE(plane.committer.commit(weighted_config(), kAnn,
                                       {.confirm_within = std::chrono::minutes(5)}));
    plane.point = 0;
    plane.others = [&](int point) {
      if (point == at) plane.committer.report(kFirst, Verdict::kDown, kNow);
    };
    ASSERT_TRUE(plane.committer.reject(kBob));
    EXPECT_EQ(plane.point, kPointsAndBack - kPoints);
    EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
    plane.expect_in_step();
    EXPECT_TRUE(plane.committer.reconciled());
  }
}

TEST(Aside, WhatIsReportedWhileADataPlaneIsBroughtInStepRunsInTheEnd) {
  for (const bool restarted : {true, false}) {
    const int points = restarted ? 4 : 2;  // compiling, and staging
    for (int at = 0; at < 2 * points; ++at) {
      SCOPED_TRACE(at);
      Plane plane;
      if (restarted) plane.data_plane.restart();
      plane.others = [&](int point) {
        if (point != at / 2) return;
        plane.committer.report(kFirst, Verdict::kDown, kNow);
        if (at % 2 == 0) (void)plane.committer.publish();
        EXPECT_EQ(plane.committer.commit(weighted_config(), kBob, {}).error().error.id, "E-460");
      };
      EXPECT_TRUE(plane.committer.reconcile(kNow));
      EXPECT_EQ(plane.point, points);
      EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
      plane.expect_in_step();
      EXPECT_TRUE(plane.committer.reconciled());
    }
  }
}

TEST(Aside, WhatIsReportedWhileTheDiskFailsIsNotLost) {
  Plane plane;
  plane.others = [&](int point) {
    if (point != kOnDisk - 1) return;
    plane.committer.report(kFirst, Verdict::kDown, kNow);
    plane.committer.report(kSecond, Verdict::kDown, kNow);
  };
  plane.data_plane.activate_fails = {Fails::kDies};
  EXPECT_FALSE(plane.commit(weighted_config()));
  plane.data_plane.alive = true;
  EXPECT_TRUE(plane.committer.reconcile(kNow));
  EXPECT_EQ(plane.data_plane.state_of("web", "192.0.2.12:80"), api::ServerState::kDown);
  plane.expect_in_step();
}

TEST(Aside, EverythingReadsAsItWasBefore) {
  Plane plane;
  int looked = 0;
  plane.others = [&](int point) {
    ++looked;
    EXPECT_TRUE(plane.committer.is_changing());
    EXPECT_EQ(plane.committer.running().revision, 2U);
    EXPECT_EQ(plane.committer.running().config, web_config());
    EXPECT_FALSE(plane.committer.unconfirmed());
    for (const auto& [id, config] :
         {std::pair(1U, weighted_config()), std::pair(2U, web_config())}) {
      const auto found = plane.committer.config_of(id);
      ASSERT_TRUE(found) << point << ": " << found.error().text;
      EXPECT_EQ(*found, config) << point;
    }
    const auto history = plane.committer.history(10);
    ASSERT_TRUE(history) << history.error().text;
    EXPECT_EQ(history->size(), point == kOnDisk ? 3U : 2U) << point;
  };
  ASSERT_TRUE(
      plane.committer.commit(other_config(), kAnn, {.confirm_within = std::chrono::minutes(5)}));
  EXPECT_EQ(looked, kPoints);
  EXPECT_FALSE(plane.committer.is_changing());
  EXPECT_TRUE(plane.committer.unconfirmed());
}

TEST(Aside, NobodyElseBeginsAChange) {
  Plane plane;
  plane.others = [&](int) {
    const auto committed = plane.committer.commit(other_config(), kBob, {});
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().error.id, "E-460");
    EXPECT_EQ(plane.committer.confirm(kBob).error().id, "E-460");
    EXPECT_EQ(plane.committer.schedule(std::nullopt).error().id, "E-460");
    const auto rejected = plane.committer.reject(kBob);
    ASSERT_FALSE(rejected);
    EXPECT_EQ(rejected.error().error.id, "E-460");
    plane.committer.look_at_store();
  };
  ASSERT_TRUE(plane.commit(weighted_config()));
  EXPECT_EQ(plane.committer.running().revision, 3U);
  plane.others = [](int) {};
  EXPECT_TRUE(plane.committer.commit(other_config(), kBob, {})) << "and afterwards anybody may";
}

// Figures come all the time: none of them has a commit compiled again, and none is lost.
TEST(Aside, AResponseTimeThatIsReportedMeanwhileIsToldAfterwards) {
  for (int at = 0; at < kPoints; ++at) {
    SCOPED_TRACE(at);
    Plane plane;
    model::Config timed = web_config();
    store::must_set(timed, {"pool", "web"}, {{"scheduler", "response-time"}});
    plane.others = [&](int point) {
      if (point != at) return;
      plane.committer.report_response(kFirst, std::chrono::milliseconds(5));
      EXPECT_TRUE(plane.committer.publish());
    };
    ASSERT_TRUE(plane.commit(timed));
    EXPECT_EQ(plane.point, kPoints);
    ASSERT_TRUE(plane.committer.publish());
    EXPECT_EQ(plane.committer.servers().find(kFirst)->published_response_us(), 5000U);
    plane.expect_in_step();
  }
}

}  // namespace
}  // namespace yoke::commit
