// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/backups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/health/loop.h"
#include "tests/unit/store/store_fixture.h"

// Backups on a loop and by the real clock. Schedules and places are in schedule_test.cpp, real
// servers in tests/lab/test_backup.py.
namespace yoke::backup {
namespace {

using namespace std::chrono_literals;

class BackupsTest : public testing::Test {
 protected:
  BackupsTest() : store_(store::must_open(where_.file())) {
    EXPECT_TRUE(store::commit(*store_, store::first_config()));
    start();
  }
  void start() {
    backups_.emplace(
        loop_.get(), *store_,
        Backups::Settings{
            .folder = where_.file("backup"), .unit = "lb-a", .release = "1", .credentials = {}},
        [this](const events::Event& event) { told_.push_back(event.kind); });
  }
  [[nodiscard]] bool until_ended(std::uint64_t id) {
    return loop_.until([&] {
      const Job& job = backups_->asked();
      return job.id == id && (job.stage == Stage::kDone || job.stage == Stage::kFailed);
    });
  }
  void put(std::uint64_t number, std::chrono::seconds ago) {
    const Folder folder(where_.file("backup"), "lb-a");
    const auto name = folder.next_name(std::chrono::system_clock::now() - ago).value();
    store::write_file(folder.path_of(name), std::to_string(number));
    EXPECT_TRUE(folder.note_scheduled(name));
  }

  store::TempFolder where_;
  health::Loop loop_;
  std::unique_ptr<store::ConfigStore> store_;
  std::optional<Backups> backups_;
  std::vector<events::Kind> told_;
};

TEST_F(BackupsTest, OneThatIsAskedForIsMadeAndKept) {
  const auto id = backups_->start("");
  ASSERT_TRUE(id);
  const auto second = backups_->start("");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "E-514");
  ASSERT_TRUE(until_ended(*id));
  EXPECT_EQ(backups_->asked().stage, Stage::kDone);
  EXPECT_EQ(backups_->last().revision, 1U);
  ASSERT_EQ(backups_->kept().size(), 1U);
  EXPECT_EQ(backups_->kept().front().name, backups_->last().name);
  EXPECT_TRUE(backups_->start("")) << "and the next may begin";
}

TEST_F(BackupsTest, FileAndLabelHaveTheNameThatIsConfigured) {
  backups_->rename_unit("edge-7");
  const auto id = backups_->start("");
  ASSERT_TRUE(id);
  ASSERT_TRUE(until_ended(*id));
  const std::string name = backups_->last().name;
  EXPECT_TRUE(name.starts_with("edge-7-000001-")) << name;
  std::ifstream file(backups_->path_of(name));
  std::string label;
  std::getline(file, label);
  EXPECT_THAT(label, testing::HasSubstr("edge-7"));
}

TEST_F(BackupsTest, APlaceThatIsNoneIsToldAtOnceAndNothingIsMade) {
  const auto id = backups_->start("ftp://backup/");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().id, "E-515");
  EXPECT_TRUE(backups_->kept().empty());
}

TEST_F(BackupsTest, ByScheduleOneIsMadeWhenItIsTimeAndTheOldestGo) {
  for (std::uint64_t number = 1; number <= 4; ++number) put(number, 3h);
  backups_->follow({.interval = 2h, .keep = 3, .to = ""});
  ASSERT_TRUE(loop_.until([&] { return !told_.empty(); }));
  std::vector<std::uint64_t> numbers;
  for (const Kept& kept : backups_->kept()) numbers.push_back(kept.number);
  EXPECT_THAT(numbers, testing::ElementsAre(5U, 4U, 3U));
}

// The one that was made before the great change is not pushed out overnight.
TEST_F(BackupsTest, TheScheduleThrowsAwayNothingThatWasAskedFor) {
  put(1, 5h);
  const auto id = backups_->start("");
  ASSERT_TRUE(id && until_ended(*id));
  put(3, 3h);
  put(4, 3h);
  backups_->follow({.interval = 2h, .keep = 2, .to = ""});
  told_.clear();
  ASSERT_TRUE(loop_.until([&] { return !told_.empty(); }));
  std::vector<std::uint64_t> numbers;
  for (const Kept& kept : backups_->kept()) numbers.push_back(kept.number);
  EXPECT_THAT(numbers, testing::ElementsAre(5U, 4U, 2U));
  for (int times = 0; times < 2; ++times) {
    const auto more = backups_->start("");
    ASSERT_TRUE(more && until_ended(*more));
  }
  numbers.clear();
  for (const Kept& kept : backups_->kept()) numbers.push_back(kept.number);
  EXPECT_THAT(numbers, testing::ElementsAre(7U, 6U, 5U, 4U)) << "of those asked for two as well";
}

TEST_F(BackupsTest, BeforeItIsTimeNothingIsMadeAlsoAfterARestart) {
  put(1, 1h);
  backups_->follow({.interval = 2h, .keep = 3, .to = ""});
  EXPECT_FALSE(loop_.until([&] { return !backups_->last().name.empty(); }, 1s));
  EXPECT_EQ(backups_->kept().size(), 1U);
}

TEST_F(BackupsTest, OneThatFailsIsToldAndStaysAFailureUntilTheScheduleMakesOne) {
  store::write_file(where_.file("backup"), "in the way of the folder");
  backups_->follow({.interval = 1s, .keep = 3, .to = ""});
  ASSERT_TRUE(loop_.until([&] { return backups_->failure().has_value(); }));
  std::filesystem::remove(where_.file("backup"));
  ASSERT_TRUE(loop_.until([&] { return !backups_->failure().has_value(); }));
  EXPECT_THAT(told_, testing::ElementsAre(events::Kind::kBackupFailed, events::Kind::kBackupMade));
}

TEST_F(BackupsTest, AFailureIsOverWhenTheScheduleIsNoMore) {
  store::write_file(where_.file("backup"), "in the way of the folder");
  backups_->follow({.interval = 2h, .keep = 3, .to = ""});
  ASSERT_TRUE(loop_.until([&] { return backups_->failure().has_value(); }));
  backups_->follow({});
  EXPECT_FALSE(backups_->failure());
}

TEST_F(BackupsTest, AClockSetBackAYearDoesNotMakeItWaitAYear) {
  put(1, -8760h);
  backups_->follow({.interval = 2h, .keep = 3, .to = ""});
  ASSERT_TRUE(loop_.until([&] { return !told_.empty(); }));
  EXPECT_EQ(backups_->kept().size(), 2U);
}

}  // namespace
}  // namespace yoke::backup
