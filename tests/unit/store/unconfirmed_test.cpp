// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/unconfirmed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "mgmt/store/migrations.h"
#include "mgmt/store/previous.h"
#include "tests/unit/store/release_before.h"
#include "tests/unit/store/store_fixture.h"

// Commits that wait for a confirmation, revisions gone back to, and stores of the release before.
namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::HasSubstr;

const Deadline kDeadline{"a-boot", milliseconds(123'456),
                         system_clock::time_point(milliseconds(1'700'000'000'123)),
                         system_clock::time_point(milliseconds(1'700'000'300'123))};

CommitInfo to_be_confirmed() {
  CommitInfo wanted = info();
  wanted.confirm_by = kDeadline;
  return wanted;
}

void sql(const std::string& path, const std::string& text) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << (message != nullptr ? message : "");
  sqlite3_free(message);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
}

TEST(Unconfirmed, IsThereAfterOpeningAgain) {
  const TempFolder folder;
  make_store(folder.file());
  const Unconfirmed expected{2, 1, kDeadline};
  {
    const auto store = must_open(folder.file());
    EXPECT_FALSE(store->unconfirmed());
    EXPECT_EQ(commit(*store, second_config(), to_be_confirmed()).value(), 2U);
    EXPECT_EQ(store->unconfirmed(), expected);
  }
  EXPECT_EQ(must_open(folder.file())->unconfirmed(), expected);
}

TEST(Unconfirmed, IsOverWhenConfirmedAndStaysSo) {
  const TempFolder folder;
  make_store(folder.file());
  {
    const auto store = must_open(folder.file());
    ASSERT_TRUE(commit(*store, second_config(), to_be_confirmed()));
    ASSERT_TRUE(store->confirm());
    EXPECT_FALSE(store->unconfirmed());
  }
  const auto store = must_open(folder.file());
  EXPECT_FALSE(store->unconfirmed());
  EXPECT_EQ(store->running().revision, 2U);
}

TEST(Unconfirmed, IsOverWithTheNextCommitWhichMayWaitItself) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  ASSERT_TRUE(commit(*store, second_config(), to_be_confirmed()));
  ASSERT_TRUE(commit(*store, first_config(), to_be_confirmed()));
  EXPECT_EQ(store->unconfirmed(), (Unconfirmed{3, 2, kDeadline}));
  ASSERT_TRUE(commit(*store, second_config()));
  EXPECT_FALSE(store->unconfirmed());
  EXPECT_FALSE(must_open(TempFolder().file())->unconfirmed());
}

TEST(Unconfirmed, ACommitThatIsNotFinishedLeavesTheOneBeforeWaiting) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  ASSERT_TRUE(commit(*store, second_config(), to_be_confirmed()));
  { const auto dropped = store->begin(first_config(), info()); }
  EXPECT_EQ(store->unconfirmed(), (Unconfirmed{2, 1, kDeadline}));
}

TEST(OldRevisions, AreThereToGoBackTo) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  ASSERT_TRUE(commit(*store, second_config()));
  EXPECT_EQ(store->config_of(0).value(), model::Config());
  EXPECT_EQ(store->config_of(1).value(), first_config());
  EXPECT_EQ(store->config_of(2).value(), second_config());
  for (const std::uint64_t missing : {std::uint64_t{3}, ~std::uint64_t{0}}) {
    const auto none = store->config_of(missing);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().id, "E-404");
    EXPECT_EQ(none.error().kind, Errc::kNotFound);
  }
}

TEST(OldRevisions, AreReadThroughAllThatCameAfterThem) {
  // Random walks, against the configurations themselves; past several that are kept whole, and past
  // those that are forgotten.
  const TempFolder folder;
  std::mt19937 random(7);
  std::vector<model::Config> committed{model::Config()};
  auto store = must_open(folder.file());
  while (committed.size() < kRevisionsKept + 100) {
    model::Config config = committed.back();
    const std::string pool = "p" + std::to_string(random() % 5);
    const model::Path path{{"pool", pool}};
    if (random() % 3 == 0 && config.find(path) != nullptr) {
      ASSERT_TRUE(config.remove(path));
    } else {
      must_set(config, {"pool", pool, "server", "192.0.2." + std::to_string(random() % 9) + ":80"},
               {{"weight", std::to_string(2 + random() % 99)}});
    }
    if (config == committed.back()) continue;
    committed.push_back(config);
    ASSERT_TRUE(commit(*store, config));
  }
  store.reset();
  store = must_open(folder.file());
  const std::uint64_t forgotten = committed.size() - 1 - kRevisionsKept;
  EXPECT_EQ(store->config_of(forgotten).error().id, "E-404");
  for (std::uint64_t id = forgotten + 1; id < committed.size(); ++id) {
    ASSERT_EQ(store->config_of(id).value(), committed[id]) << id;
  }
}

TEST(OldRevisions, ShowTheirDamageAndNothingElseSuffers) {
  for (const std::string change :
       {"UPDATE revision SET changes_back = replace(changes_back, '7', '8')",
        "UPDATE revision SET changes_back = 'rubbish', document_digest = NULL",
        "UPDATE revision SET changes_back = '[[[],null]]', document_digest = NULL",
        "UPDATE revision SET changes_back = '[]', document_digest = NULL",
        "UPDATE revision SET changes_back = NULL, changes_from = NULL, document_digest = NULL",
        "UPDATE revision SET document = 'rubbish'"}) {
    const TempFolder folder;
    make_store(folder.file());
    {
      const auto store = must_open(folder.file());
      ASSERT_TRUE(commit(*store, second_config()));
      ASSERT_TRUE(commit(*store, first_config()));
    }
    sql(folder.file(), change + " WHERE id = 1");
    const auto store = must_open(folder.file());
    const auto damaged = store->config_of(1);
    ASSERT_FALSE(damaged) << change;
    EXPECT_EQ(damaged.error().id, "E-504");
    EXPECT_THAT(damaged.error().text, HasSubstr("revision 1 is damaged"));
    EXPECT_EQ(store->config_of(2).value(), second_config());
    EXPECT_TRUE(commit(*store, second_config()));
  }
}

TEST(OldRevisions, OneThatCanOnlyBeReadThroughADamagedOneSaysSo) {
  const TempFolder folder;
  make_store(folder.file());
  {
    const auto store = must_open(folder.file());
    ASSERT_TRUE(commit(*store, second_config()));
    ASSERT_TRUE(commit(*store, first_config()));
  }
  sql(folder.file(), "UPDATE revision SET changes_back = '[]' WHERE id = 2");
  const auto unreachable = must_open(folder.file())->config_of(1);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().id, "E-504");
  EXPECT_THAT(unreachable.error().text, HasSubstr("its revision 2"));
}

TEST(ReleaseBefore, ItsStoreMigratesAndIsKeptByteForByte) {
  for (const int version : {1, 2, 3, 4}) {
    SCOPED_TRACE(version);
    const TempFolder folder;
    make_store_of_version(version, folder.file());
    const std::string bytes = read_file(folder.file());
    {
      const auto store = must_open(folder.file());
      EXPECT_EQ(store->running().config, first_config());
      EXPECT_EQ(store->config_of(1).value(), first_config());
      EXPECT_TRUE(commit(*store, second_config(), to_be_confirmed()));
    }
    EXPECT_EQ(read_file(previous_path(folder.file(), version)), bytes);
    const auto store = must_open(folder.file());
    EXPECT_EQ(store->config_of(1).value(), first_config()) << "by its document";
    EXPECT_TRUE(commit(*store, first_config()));
    EXPECT_EQ(store->config_of(2).value(), second_config()) << "by what leads back to it";
  }
}

TEST(ReleaseBefore, WhatWasOnlyInItsLogIsKeptToo) {
  const TempFolder folder;
  const std::string path = folder.file();
  make_store_of_version(1, path);
  // A crash left the last commit in the log.
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle,
                         "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                         "UPDATE revision SET note = 'in the log'",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  const std::string file = read_file(path), log = read_file(path + "-wal");
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
  write_file(path, file);
  write_file(path + "-wal", log);
  EXPECT_EQ(must_open(path)->history(1)->front().info.note, "in the log");
  EXPECT_EQ(read_file(previous_path(path, 1)), file);
  EXPECT_EQ(read_file(previous_path(path, 1) + "-wal"), log);
}

// Between 3 and 4 no table differs, but documents do.
TEST(ReleaseBefore, ItsStoreIsKeptWhereDocumentsAloneAreOthers) {
  const TempFolder folder;
  make_store_of_version(3, folder.file());
  const std::string bytes = read_file(folder.file());
  { const auto store = must_open(folder.file()); }
  EXPECT_EQ(read_file(previous_path(folder.file(), 3)), bytes);
}

TEST(ReleaseBefore, ACopyIsMadeOnceAtTheUpgradeAndThenNoMore) {
  const TempFolder folder;
  make_store(folder.file());
  { const auto store = must_open(folder.file()); }
  std::error_code ignored;
  EXPECT_FALSE(std::filesystem::exists(previous_path(folder.file(), 1), ignored));
  EXPECT_FALSE(
      std::filesystem::exists(previous_path(folder.file(), version_of_this_release()), ignored));
}

TEST(ReleaseBefore, WithoutRoomForTheCopyNothingIsChanged) {
  const TempFolder folder;
  make_store_of_version(1, folder.file());
  const std::string bytes = read_file(folder.file());
  std::filesystem::create_directories(previous_path(folder.file(), 1) + ".new/in the way");
  const auto store = ConfigStore::open(folder.file());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().id, "E-507");
  EXPECT_THAT(store.error().text, HasSubstr("start again"));
  EXPECT_EQ(read_file(folder.file()), bytes);
}

}  // namespace
}  // namespace yoke::store
