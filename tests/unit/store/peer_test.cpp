// SPDX-License-Identifier: Apache-2.0
// Two stores that have one history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "mgmt/store/errors.h"
#include "tests/unit/store/release_before.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {
namespace {

class Peers : public ::testing::Test {
 protected:
  Peers() : a(open(folder.file("a.db"))), b(open(folder_b.file("b.db"))) {}

  static std::unique_ptr<ConfigStore> open(const std::string& path) {
    auto store = ConfigStore::open(path);
    EXPECT_TRUE(store) << store.error().text;
    return std::move(*store);
  }
  static CommitInfo of_epoch(std::uint64_t epoch, const std::string& note = "a note") {
    CommitInfo said = info(note);
    said.epoch = epoch;
    return said;
  }
  static void finish(Result<ConfigStore::Pending> pending) {
    ASSERT_TRUE(pending) << pending.error().text;
    const auto done = pending->finish();
    ASSERT_TRUE(done) << done.error().text;
  }
  static void commit(ConfigStore& store, const model::Config& config, std::uint64_t epoch) {
    finish(store.begin(config, of_epoch(epoch)));
  }
  static model::Config with_pool(model::Config config, const std::string& name) {
    must_set(config, {"pool", name}, {});
    return config;
  }

  TempFolder folder, folder_b;
  std::unique_ptr<ConfigStore> a, b;
};

TEST_F(Peers, WhatADraftSaysIsWhatTheCommitBecomes) {
  const auto draft = a->draft(first_config(), of_epoch(2));
  EXPECT_EQ(draft.parent, replication::Position());
  commit(*a, first_config(), 2);
  EXPECT_EQ(a->position(), draft.position);
  EXPECT_EQ(a->position().epoch, 2U);
  const auto sent = a->revision_after(0);
  ASSERT_TRUE(sent) << sent.error().text;
  EXPECT_EQ(*sent, draft);
}

TEST_F(Peers, ARevisionThatTravelsIsTheSameOnBoth) {
  commit(*a, first_config(), 2);
  commit(*a, second_config(), 2);
  finish(b->begin(*a->revision_after(0)));
  finish(b->begin(*a->revision_after(1)));
  EXPECT_EQ(b->position(), a->position());
  EXPECT_EQ(b->running().config, a->running().config);
  EXPECT_EQ(*b->positions(), *a->positions());
  const auto history = b->history(1);
  EXPECT_EQ(history->front().info.user, "ann");
  // Also to the next process.
  b.reset();
  b = open(folder_b.file("b.db"));
  EXPECT_EQ(b->position(), a->position());
}

TEST_F(Peers, WhatBelongsToTheUnitStays) {
  model::Config own = first_config();
  must_set(own, {"system", ""}, {{"name", "lb-b"}});
  commit(*b, own, 0);
  b.reset();
  b = open(folder_b.file("b.db"));
  model::Config config = first_config();
  must_set(config, {"system", ""}, {{"name", "lb-a"}});
  commit(*a, config, 2);
  const auto all = a->snapshot();
  ASSERT_TRUE(all) << all.error().text;
  EXPECT_EQ(all->document.find("lb-a"), std::string::npos);
  finish(b->begin(*all, 0, true));
  EXPECT_EQ(b->running().config, own);
  EXPECT_EQ(b->position(), a->position());
}

TEST_F(Peers, WhatIsNotTheNextIsRefused) {
  commit(*a, first_config(), 2);
  commit(*a, second_config(), 2);
  const auto gap = b->begin(*a->revision_after(1));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().id, kNotTheNext);
  auto altered = *a->revision_after(0);
  altered.changes = "[]";
  EXPECT_FALSE(b->begin(altered));
  EXPECT_FALSE(b->keep({altered, 7, 1}));
  altered = *a->revision_after(0);
  altered.position.epoch = 3;
  EXPECT_FALSE(b->begin(altered));
  auto all = *a->snapshot();
  all.document = "[[[\"pool\"";
  EXPECT_FALSE(b->begin(all, 0, false));
  EXPECT_EQ(b->running().revision, 0U);
}

TEST_F(Peers, WhatThePeerProposesOutlivesTheProcessAndIsNotCommitted) {
  const Proposed proposed{a->draft(first_config(), of_epoch(2)), 77, 5};
  ASSERT_TRUE(b->keep(proposed));
  b.reset();
  b = open(folder_b.file("b.db"));
  EXPECT_EQ(b->running().revision, 0U);
  ASSERT_EQ(*b->proposed(), proposed);
  finish(b->begin(proposed.revision));
  EXPECT_EQ(*b->proposed(), std::nullopt);
  EXPECT_EQ(b->position(), proposed.revision.position);
  ASSERT_TRUE(b->keep({b->draft(second_config(), of_epoch(2)), 77, 6}));
  ASSERT_TRUE(b->forget_proposed());
  EXPECT_EQ(*b->proposed(), std::nullopt);
}

TEST_F(Peers, AHistoryThatGivesWayIsKeptUnderItsName) {
  commit(*a, first_config(), 2);
  finish(b->begin(*a->revision_after(0)));
  commit(*a, with_pool(first_config(), "of-a"), 2);
  commit(*a, with_pool(a->running().config, "of-a-too"), 2);
  commit(*b, with_pool(first_config(), "of-b"), 3);
  const auto lost = a->running().config;
  finish(a->begin(*b->snapshot(), 1, true));
  EXPECT_EQ(a->position(), b->position());
  EXPECT_EQ(a->running().config, b->running().config);
  const auto kept = a->branches();
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ(kept->front().name, "revision-3-of-epoch-2");
  EXPECT_EQ(kept->front().common, 1U);
  EXPECT_EQ(*a->branch(kept->front().name), lost);
  EXPECT_EQ(a->branch("none").error().id, "E-404");
  // What both had is there, and so is what comes after.
  EXPECT_EQ(*a->config_of(1), first_config());
  EXPECT_EQ(*a->positions(), *b->positions());
  commit(*b, second_config(), 3);
  finish(a->begin(*b->revision_after(2)));
  EXPECT_EQ(*a->config_of(2), with_pool(first_config(), "of-b"));
  a.reset();
  a = open(folder.file("a.db"));
  EXPECT_EQ(a->position(), b->position());
}

TEST_F(Peers, WhoIsFarBehindLeavesAGapAndNoBranch) {
  commit(*a, first_config(), 2);
  finish(b->begin(*a->revision_after(0)));
  for (int i = 0; i < 5; ++i) commit(*a, with_pool(first_config(), "p" + std::to_string(i)), 2);
  finish(b->begin(*a->snapshot(), 1, false));
  EXPECT_TRUE(b->branches()->empty());
  EXPECT_EQ(b->config_of(3).error().id, "E-404");
  EXPECT_EQ(*b->config_of(1), first_config());
  EXPECT_EQ(b->position(), a->position());
}

TEST_F(Peers, AStoreOfTheReleaseBeforeHasAPlaceAndGoesOnFromIt) {
  a.reset();
  b.reset();
  for (const std::string& path : {folder.file("old.db"), folder_b.file("old.db")}) {
    make_store_of_version(4, path);
  }
  a = open(folder.file("old.db"));
  b = open(folder_b.file("old.db"));
  EXPECT_EQ(a->position().revision, 1U);
  EXPECT_EQ(a->position(), b->position());
  commit(*a, second_config(), 2);
  finish(b->begin(*a->revision_after(1)));
  EXPECT_EQ(a->position(), b->position());
}

}  // namespace
}  // namespace yoke::store
