// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/store_fixture.h"

// Each write, sync, truncation, creation and removal of a file fails in turn: alone, as on a full
// disk, and with all after it, as when the machine stops there.
namespace yoke::store {
namespace {

struct Case {
  int code;
  bool from_there_on;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << sqlite3_errstr(c.code) << (c.from_there_on ? " from there on" : " once");
}

class DiskFault : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { disk_.emplace(); }
  // Each operation of the commit that leads from one to the other fails in turn.
  void fail_each(const model::Config& before, const model::Config& after);

  std::optional<FaultyDisk> disk_;
};

void DiskFault::fail_each(const model::Config& before, const model::Config& after) {
  int failures = 0;
  bool happened = true;
  for (long n = 1; happened; ++n) {
    ASSERT_LT(n, 1000);
    const TempFolder folder;
    { ASSERT_TRUE(commit(*must_open(folder.file()), before)); }
    bool told_ok = false;
    std::string failed;
    {
      const auto store = must_open(folder.file());
      disk_->arm(n, GetParam().code, GetParam().from_there_on);
      const auto revision = commit(*store, after);
      told_ok = revision.has_value();
      if (!revision) {
        ++failures;
        EXPECT_EQ(revision.error().id, GetParam().code == SQLITE_FULL ? "E-503" : "E-507")
            << revision.error().text;
        EXPECT_THAT(revision.error().text, testing::HasSubstr(folder.path().string()));
      }
      EXPECT_EQ(store->running().revision, told_ok ? 2U : 1U);
      EXPECT_EQ(store->running().config, told_ok ? after : before);
      failed = disk_->failed();
      happened = !failed.empty();
    }
    disk_->disarm();
    const auto store = must_open(folder.file());
    ASSERT_TRUE(store);
    const bool second = store->running().revision == 2;
    EXPECT_EQ(store->running().config, second ? after : before);
    EXPECT_EQ(store->history(10)->size(), second ? 2U : 1U);
    // The one exception, documented with finish(): the log is written, its sync fails, and nothing
    // is written after it.
    const bool unsynced = GetParam().from_there_on && failed == "sync config.db-wal";
    EXPECT_TRUE(unsynced || second == told_ok) << n << ": " << failed;
    EXPECT_TRUE(commit(*store, second ? before : after));
  }
  EXPECT_GT(failures, 2);
}

TEST_P(DiskFault, ACommitIsWholeOrNotThereAndAsTheCallerWasTold) {
  fail_each(first_config(), second_config());
}

TEST_P(DiskFault, SoIsOneOfWhatBelongsToTheUnit) {
  fail_each(first_config(), named(first_config(), "a"));
  fail_each(named(first_config(), "a"), named(first_config(), "b"));
  fail_each(named(first_config(), "a"), named(second_config(), "b"));
}

TEST_P(DiskFault, MakingAStoreFailsOrMakesAWholeOne) {
  int failures = 0;
  bool happened = true;
  for (long n = 1; happened; ++n) {
    ASSERT_LT(n, 1000);
    const TempFolder folder;
    disk_->arm(n, GetParam().code, GetParam().from_there_on);
    if (!ConfigStore::open(folder.file())) ++failures;
    happened = !disk_->failed().empty();
    disk_->disarm();
    const auto store = must_open(folder.file());
    ASSERT_TRUE(store);
    EXPECT_TRUE(commit(*store, first_config()));
  }
  EXPECT_GT(failures, 5);
}

INSTANTIATE_TEST_SUITE_P(EveryOperation, DiskFault,
                         testing::Values(Case{SQLITE_FULL, false}, Case{SQLITE_IOERR_WRITE, false},
                                         Case{SQLITE_FULL, true}, Case{SQLITE_IOERR_FSYNC, true}));

}  // namespace
}  // namespace yoke::store
