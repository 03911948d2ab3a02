// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "mgmt/store/unit_file.h"
#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/release_before.h"
#include "tests/unit/store/store_fixture.h"

// What a failed sync, a killed process and a disk without room leave of the two files.
namespace yoke::store {
namespace {

using testing::HasSubstr;
using testing::Not;

// Counts the syncs of each file, and lets the next one of `failing` fail.
class SyncedDisk final : public WatchedDisk {
 public:
  std::map<std::string, int> syncs;
  std::string failing;

  [[nodiscard]] int before(const DiskChange& change) override {
    if (change.kind != DiskChange::Kind::kSync) return SQLITE_OK;
    ++syncs[change.file];
    if (change.file != failing) return SQLITE_OK;
    failing.clear();
    return SQLITE_IOERR_FSYNC;
  }
};

const std::vector<std::string> kFiles{"config.db", "config.db-wal", "unit.db", "unit.db-wal"};

// As a process that is killed leaves it.
void copy_killed(const TempFolder& from, const TempFolder& to) {
  for (const std::string& name : kFiles) {
    if (std::filesystem::exists(from.file(name))) {
      write_file(to.file(name), read_file(from.file(name)));
    }
  }
}

// Revision 1 without a name, 2 named "a", 3 named "b"; both logs are left.
class LeftByAKilledProcess : public testing::Test {
 protected:
  LeftByAKilledProcess() {
    const TempFolder alive;
    make_store(alive.file());
    const auto store = must_open(alive.file());
    EXPECT_TRUE(commit(*store, named(first_config(), "a")));
    EXPECT_TRUE(commit(*store, named(second_config(), "b")));
    copy_killed(alive, folder_);
    EXPECT_GT(read_file(log("config.db")).size(), 0U);
    EXPECT_GT(read_file(log("unit.db")).size(), 0U);
  }
  [[nodiscard]] std::string log(const std::string& name) const {
    return folder_.file(name + "-wal");
  }
  [[nodiscard]] std::string unit() const { return folder_.file("unit.db"); }
  // From a copy: there was no room for what is in a log.
  [[nodiscard]] std::unique_ptr<ConfigStore> open_on_a_disk_that_fails(int code) const {
    FaultyDisk disk;
    disk.arm(1, code, false);
    auto store = ConfigStore::open(folder_.file(), scratch_.file("copy"));
    EXPECT_TRUE(store) << store.error().text;
    if (!store) return nullptr;
    EXPECT_TRUE((*store)->unwritable()) << disk.failed();
    return std::move(*store);
  }

  const TempFolder folder_, scratch_;
};

TEST(UnitFileOnADisk, ARowThatIsThereIsWrittenAndSyncedAgain) {
  const TempFolder folder;
  SyncedDisk disk;
  const auto file = UnitFile::make(folder.file("unit.db"));
  ASSERT_TRUE(file) << file.error().text;
  const std::string document = "[]";
  const UnitRow row{1, stamp_of(1, document)};
  for (int times = 1; times <= 3; ++times) {
    const int before = disk.syncs["unit.db-wal"];
    ASSERT_TRUE((*file)->put(row, document, std::nullopt));
    EXPECT_GT(disk.syncs["unit.db-wal"], before) << times;
  }
  EXPECT_EQ((*file)->document(row).value(), document);
}

TEST(UnitFileOnADisk, AFailedSyncLeavesNothingInItsLog) {
  const TempFolder folder;
  make_store(folder.file());
  SyncedDisk disk;
  const auto store = must_open(folder.file());
  ASSERT_TRUE(commit(*store, named(first_config(), "a")));
  disk.failing = "unit.db-wal";
  const auto failed = commit(*store, named(first_config(), "phantom"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().id, "E-507");
  EXPECT_EQ(read_file(folder.file("unit.db-wal")), "");
  EXPECT_THAT(read_file(folder.file("unit.db")), Not(HasSubstr("phantom")));
  ASSERT_TRUE(commit(*store, named(first_config(), "b")));
  const TempFolder killed;
  copy_killed(folder, killed);
  const auto found = must_open(killed.file());
  EXPECT_EQ(found->running().config, named(first_config(), "b"));
  EXPECT_EQ(found->config_of(2).value(), named(first_config(), "a"));
}

// Whoever was told that it failed does not find it done after a crash.
TEST(StoreOnADisk, AConfirmationWhoseSyncFailsIsNotFoundInTheLog) {
  const TempFolder folder;
  SyncedDisk disk;
  const auto store = must_open(folder.file());
  CommitInfo waits = info();
  waits.confirm_by = Deadline{"boot", std::chrono::milliseconds(1), {}, {}};
  ASSERT_TRUE(commit(*store, first_config(), waits));
  disk.failing = "config.db-wal";
  ASSERT_FALSE(store->confirm());
  EXPECT_TRUE(store->unconfirmed());
  const TempFolder killed;
  copy_killed(folder, killed);
  EXPECT_TRUE(must_open(killed.file())->unconfirmed());
  EXPECT_TRUE(store->confirm());
}

TEST(StoreOnADisk, APlanWhoseSyncFailsIsNotFoundInTheLog) {
  const TempFolder folder;
  SyncedDisk disk;
  const auto store = must_open(folder.file());
  ASSERT_TRUE(commit(*store, first_config()));
  Scheduled plan;
  plan.at = std::chrono::system_clock::time_point(std::chrono::hours(1));
  plan.config = second_config();
  disk.failing = "config.db-wal";
  ASSERT_FALSE(store->schedule(plan));
  EXPECT_FALSE(store->scheduled());
  const TempFolder killed;
  copy_killed(folder, killed);
  EXPECT_FALSE(must_open(killed.file())->scheduled());
  EXPECT_TRUE(store->schedule(plan));
}

TEST_F(LeftByAKilledProcess, BothLogsAreBroughtInAtTheStart) {
  const auto store = must_open(folder_.file());
  EXPECT_EQ(store->running().config, named(second_config(), "b"));
  EXPECT_EQ(read_file(log("config.db")), "");
  EXPECT_EQ(read_file(log("unit.db")), "");
}

TEST_F(LeftByAKilledProcess, ALogThatSomebodyReadsIsBroughtInLater) {
  const auto reader = Database::open(unit(), false);
  ASSERT_TRUE(reader);
  ASSERT_TRUE((*reader)->execute("BEGIN; SELECT count(*) FROM part"));
  const auto store = must_open(folder_.file());
  ASSERT_TRUE(store);
  EXPECT_FALSE(store->unwritable());
  EXPECT_EQ(store->running().config, named(second_config(), "b"));
  EXPECT_TRUE(commit(*store, named(second_config(), "c")));
}

TEST_F(LeftByAKilledProcess, AStartThatIsRefusedWritesToNeitherFile) {
  alter(folder_.file(), "UPDATE revision SET digest = 'x'");
  std::vector<std::string> before;
  for (const auto& name : kFiles) before.push_back(read_file(folder_.file(name)));
  const auto store = ConfigStore::open(folder_.file());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().id, "E-504");
  for (std::size_t i = 0; i < kFiles.size(); ++i) {
    EXPECT_EQ(read_file(folder_.file(kFiles[i])), before[i]) << kFiles[i];
  }
}

TEST_F(LeftByAKilledProcess, IsReadFromACopyWhereThereIsNoRoomToBringItIn) {
  int copies = 0;
  bool happened = true;
  for (long n = 1; happened; ++n) {
    ASSERT_LT(n, 100);
    const TempFolder folder;
    copy_killed(folder_, folder);
    FaultyDisk disk;
    disk.arm(n, SQLITE_FULL, false);
    const auto store = ConfigStore::open(folder.file(), scratch_.file("copy"));
    ASSERT_TRUE(store) << store.error().text;
    happened = !disk.failed().empty();
    disk.disarm();
    EXPECT_EQ((*store)->running().config, named(second_config(), "b")) << n;
    if ((*store)->unwritable()) ++copies;
    EXPECT_TRUE(commit(**store, named(second_config(), "c"))) << n;
    EXPECT_FALSE((*store)->unwritable());
  }
  EXPECT_GT(copies, 3);
}

// The disk gives what it has and takes nothing: packets are not to wait for another.
TEST_F(LeftByAKilledProcess, IsReadFromACopyWhereTheDiskFailsAsItIsBroughtIn) {
  const auto store = open_on_a_disk_that_fails(SQLITE_IOERR_WRITE);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->unwritable()->id, "E-507");
  EXPECT_EQ(store->running().config, named(second_config(), "b"));
  EXPECT_TRUE(store->make_writable());
}

TEST_F(LeftByAKilledProcess, ACopySaysWhatIsLostByTheNameOfItsOriginal) {
  alter(unit(), "DELETE FROM part WHERE revision = 2");
  const auto store = open_on_a_disk_that_fails(SQLITE_FULL);
  ASSERT_TRUE(store);
  const auto lost = store->config_of(2);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().id, "E-518");
  EXPECT_THAT(lost.error().text, testing::StartsWith(unit() + ": "));
  EXPECT_THAT(lost.error().text, Not(HasSubstr(scratch_.path().string())));
  EXPECT_THAT(lost.error().text, Not(HasSubstr("mv ")));
}

TEST_F(LeftByAKilledProcess, AStoreThatIsNotWhatACopyIsOfIsLeftAsItIs) {
  const auto store = open_on_a_disk_that_fails(SQLITE_FULL);
  ASSERT_TRUE(store);
  std::filesystem::rename(unit(), unit() + ".lost");
  const std::string config = read_file(folder_.file()) + read_file(log("config.db"));
  const auto refused = store->make_writable();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("is not what it was"));
  EXPECT_EQ(read_file(folder_.file()) + read_file(log("config.db")), config);
  EXPECT_TRUE(std::filesystem::exists(unit() + ".lost")) << "it was put away";
  std::filesystem::rename(unit() + ".lost", unit());
  EXPECT_TRUE(store->make_writable());
  EXPECT_EQ(store->running().config, named(second_config(), "b"));
}

}  // namespace
}  // namespace yoke::store
