// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "mgmt/store/backup.h"
#include "tests/unit/store/store_fixture.h"

// What a store tells while its connection waits for the disk.
namespace yoke::store {
namespace {

class StoreAside : public testing::Test {
 protected:
  StoreAside() {
    make_store(folder_.file());
    store_ = must_open(folder_.file());
    EXPECT_TRUE(commit(*store_, second_config()));
    store_->wait_aside([this](const auto& work) {
      others_();
      work();
      others_();
    });
  }

  void expect_the_past() {
    ++looked_;
    for (const auto& [id, config] : {std::pair(0U, model::Config()), std::pair(1U, first_config()),
                                     std::pair(2U, second_config())}) {
      const auto found = store_->config_of(id);
      ASSERT_TRUE(found) << id << ": " << found.error().text;
      EXPECT_EQ(*found, config) << id;
    }
    EXPECT_EQ(store_->config_of(99).error().id, "E-404");
    const auto history = store_->history(1000);
    ASSERT_TRUE(history) << history.error().text;
    EXPECT_EQ(history->back().id, 1U);
  }

  TempFolder folder_;
  std::unique_ptr<ConfigStore> store_;
  std::function<void()> others_ = [this] { expect_the_past(); };
  int looked_ = 0;
};

TEST_F(StoreAside, ThePastIsThereToBeReadDuringEachKindOfChange) {
  CommitInfo waits = info();
  waits.confirm_by = Deadline{};
  ASSERT_TRUE(commit(*store_, first_config(), waits));
  EXPECT_EQ(looked_, 2);
  ASSERT_TRUE(store_->confirm());
  EXPECT_EQ(looked_, 4);
  ASSERT_TRUE(store_->schedule(Scheduled()));
  EXPECT_EQ(looked_, 6);
  expect_the_past();
}

TEST_F(StoreAside, ANoteAndTheBranchesAreReadAsTheyAreOnTheDisk) {
  others_ = [] {};
  ASSERT_TRUE(store_->set_note("a", "old"));
  std::vector<std::string> found;
  others_ = [&] {
    found.push_back(store_->note("a").value_or("none"));
    EXPECT_TRUE(store_->branches());
  };
  ASSERT_TRUE(store_->set_note("a", "new"));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "old") << "what waits for the disk is in nobody's sight";
  EXPECT_EQ(store_->note("a"), "new");
}

// The file for what belongs to the unit is made, its row written, and then the revision committed.
TEST_F(StoreAside, SoItIsWhileWhatBelongsToTheUnitIsPrepared) {
  ASSERT_TRUE(commit(*store_, named(first_config(), "a")));
  EXPECT_EQ(looked_, 6);
  ASSERT_TRUE(commit(*store_, named(first_config(), "b")));
  EXPECT_EQ(looked_, 10);
  others_ = [this] {
    const auto found = store_->config_of(3);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(*found, named(first_config(), "a"));
    ++looked_;
  };
  ASSERT_TRUE(commit(*store_, named(second_config(), "c")));
  EXPECT_EQ(looked_, 14);
}

// One begun before a commit, and one begun while it waits.
TEST_F(StoreAside, ABackupWaitsForACommitAndHasIt) {
  const BackupLabel label{.unit = "lb-a", .release = "0.1.0", .made_at = {}};
  auto before = store_->begin_backup(label, folder_.file("before"));
  ASSERT_TRUE(before) << before.error().text;
  std::unique_ptr<BackupWriter> during;
  others_ = [&] {
    EXPECT_TRUE((*before)->waits());
    EXPECT_FALSE((*before)->step().value());
    if (during) return;
    auto begun = store_->begin_backup(label, folder_.file("during"));
    ASSERT_TRUE(begun) << begun.error().text;
    during = std::move(*begun);
    EXPECT_FALSE(during->step().value());
  };
  ASSERT_TRUE(commit(*store_, first_config()));
  ASSERT_TRUE(during);
  for (BackupWriter* writer : {before->get(), during.get()}) {
    EXPECT_FALSE(writer->waits());
    for (bool done = false; !done;) {
      const auto step = writer->step();
      ASSERT_TRUE(step) << step.error().text;
      done = *step;
    }
    EXPECT_EQ(writer->label().revision, 3U);
  }
}

}  // namespace
}  // namespace yoke::store
