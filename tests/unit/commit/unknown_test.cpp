// SPDX-License-Identifier: Apache-2.0
// Commits where the data plane is away, and where it runs what the store never had.
#include <gtest/gtest.h>

#include "tests/unit/commit/committer_fixture.h"

namespace yoke::commit {
namespace {

using store::must_set;
using Fails = FakeDataPlane::Fails;
using AloneTest = CommitterTest;

// Whoever is to mend the data plane may need a key, an address or a log server for it.
TEST_F(AloneTest, WhatAsksNothingOfTheDataPlaneIsCommittedWithoutIt) {
  begin_with_web();
  for (const bool is_known : {true, false}) {
    Committer again(*store_, data_plane_);
    if (is_known) {
      ASSERT_TRUE(again.reconcile(kNow));
    }
    data_plane_.alive = false;
    model::Config next = store_->running().config;
    must_set(next, {"system", ""}, {{"banner", is_known ? "Hands off" : "Hands on"}});
    const auto done = again.commit(next, {"ann", "pid 7", "cli"}, {});
    ASSERT_TRUE(done) << done.error().error.text;
    EXPECT_EQ(store_->running().config, next);
    EXPECT_FALSE(again.reconciled());
    data_plane_.alive = true;
    ASSERT_TRUE(again.reconcile(kNow));
    expect_everywhere(next, done->revision);
    EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  }
}

// The store was moved away because it was damaged, say. Connections live on what runs.
TEST_F(AloneTest, ANewStoreTakesNothingAwayFromADataPlaneThatRuns) {
  begin_with_web();
  const store::TempFolder other;
  const auto empty = store::must_open(other.file());
  Committer again(*empty, data_plane_);
  const auto running = data_plane_.running;
  const auto kept = again.reconcile(kNow);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().id, "E-461");
  EXPECT_EQ(data_plane_.running, running);
  EXPECT_TRUE(again.unknown());
  EXPECT_EQ(empty->hash_key(), store_->hash_key()) << "connections are found by it";

  // What asks nothing of the data plane takes nothing away either, now or later.
  const Author ann{"ann", "pid 7", "cli"};
  model::Config next;
  must_set(next, {"system", ""}, {{"banner", "Hands off"}});
  ASSERT_TRUE(again.commit(next, ann, {}));
  EXPECT_EQ(again.reconcile(kNow).error().id, "E-461");
  EXPECT_EQ(data_plane_.running, running);

  Request unsure;
  unsure.confirm_within = std::chrono::minutes(5);
  const auto refused = again.commit(web_config(), ann, unsure);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-461") << "it would go back to nothing";

  ASSERT_TRUE(again.commit(web_config(), ann, {}));
  EXPECT_FALSE(again.unknown());
  EXPECT_TRUE(again.reconciled());
  EXPECT_EQ(data_plane_.running->hash_key, store_->hash_key());
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp)
      << "as it was known to the data plane";
}

// With its own revisions the higher ones by then.
TEST_F(AloneTest, WhatIsLeftAloneIsSoAfterARestart) {
  begin_with_web();
  const store::TempFolder other;
  const Author ann{"ann", "pid 7", "cli"};
  const auto running = data_plane_.running;
  {
    const auto empty = store::must_open(other.file());
    Committer first(*empty, data_plane_);
    ASSERT_FALSE(first.reconcile(kNow));
    model::Config next;
    for (const char* banner : {"One", "Two", "Three", "Four"}) {
      must_set(next, {"system", ""}, {{"banner", banner}});
      ASSERT_TRUE(first.commit(next, ann, {}));
    }
    ASSERT_GT(empty->running().revision, running->revision);
  }
  const auto reopened = store::must_open(other.file());
  Committer again(*reopened, data_plane_);
  EXPECT_EQ(again.reconcile(kNow).error().id, "E-461");
  EXPECT_EQ(data_plane_.running, running);
  ASSERT_TRUE(again.commit(web_config(), ann, {}));
  EXPECT_TRUE(reopened->left_alone().empty());
}

TEST_F(AloneTest, ANewStoresCommitThatIsNotActivatedLeavesWhatRuns) {
  begin_with_web();
  const store::TempFolder other;
  const auto empty = store::must_open(other.file());
  Committer again(*empty, data_plane_);
  ASSERT_FALSE(again.reconcile(kNow));
  const auto running = data_plane_.running;
  data_plane_.activate_fails = {Fails::kRefuses};
  ASSERT_FALSE(again.commit(other_config(), {"ann", "pid 7", "cli"}, {}));
  EXPECT_EQ(data_plane_.running, running);
  EXPECT_EQ(again.reconcile(kNow).error().id, "E-461");
  EXPECT_EQ(data_plane_.running, running);
  // Activated after all, and told too late: neither that nor what ran before is nothing.
  data_plane_.activate_fails = {Fails::kAnswersTooLate};
  ASSERT_FALSE(again.commit(web_config(), {"ann", "pid 7", "cli"}, {}));
  (void)again.reconcile(kNow);
  EXPECT_FALSE(data_plane_.running->vips.empty());
}

}  // namespace
}  // namespace yoke::commit
