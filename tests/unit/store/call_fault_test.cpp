// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/unit/store/sqlite_calls.h"
#include "tests/unit/store/store_fixture.h"

// Each call that the store makes to SQLite fails in turn, alone, with all after it, and after
// having done its work. Afterwards the file holds one revision or the other, whole, and the one
// that the caller was told.
namespace yoke::store {
namespace {

using calls::Fault;

struct Case {
  int code;
  Fault fault;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << sqlite3_errstr(c.code) << ", fault " << static_cast<int>(c.fault);
}

class CallFault : public testing::TestWithParam<Case> {
 protected:
  void fail_each_of_a_commit(const model::Config& before, const model::Config& after);

  // Runs `work` with the n-th call failing, n = 1, 2, 3... until none fails; then `check`.
  template <typename Work, typename Check>
  void fail_each_call(Work work, Check check, long calls_at_least = 10) {
    for (long n = 1; n < 10'000; ++n) {
      calls::arm(n, GetParam().code, GetParam().fault);
      const bool told_ok = work(n);
      const bool happened = calls::disarm();
      check(n, told_ok);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      if (!happened) {
        EXPECT_TRUE(told_ok);
        EXPECT_GT(n, calls_at_least) << "too few calls to be true";
        return;
      }
    }
    FAIL() << "the work never came to an end";
  }
};

void CallFault::fail_each_of_a_commit(const model::Config& before, const model::Config& after) {
  const TempFolder made;
  { ASSERT_TRUE(commit(*must_open(made.file()), before)); }
  const auto folder = std::make_unique<TempFolder>();
  const std::string path = folder->file();
  std::unique_ptr<ConfigStore> store;
  const auto work = [&](long) {
    CommitInfo waits = info();
    waits.confirm_by = Deadline{"boot", std::chrono::milliseconds(1), {}, {}};
    const auto revision = commit(*store, after, waits);
    return revision.has_value();
  };
  const auto begin_with = [&] {
    store.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder->path())) {
      std::filesystem::remove(entry);
    }
    for (const auto& entry : std::filesystem::directory_iterator(made.path())) {
      std::filesystem::copy_file(entry, folder->path() / entry.path().filename());
    }
    store = must_open(path);
  };
  begin_with();
  fail_each_call(work, [&](long n, bool told_ok) {
    const std::uint64_t expected = told_ok ? 2 : 1;
    EXPECT_EQ(store->running().revision, expected) << n;
    EXPECT_EQ(store->unconfirmed().has_value(), told_ok) << n;
    // The same store goes on, once SQLite does.
    const auto again = commit(*store, told_ok ? before : after);
    EXPECT_TRUE(again) << n << ": " << again.error().text;
    begin_with();
    calls::arm(n, GetParam().code, GetParam().fault);
    const bool told_again = work(n);
    store.reset();
    calls::disarm();
    const auto reopened = must_open(path);
    ASSERT_TRUE(reopened) << n;
    EXPECT_EQ(reopened->running().revision, told_again ? 2U : 1U) << n;
    EXPECT_EQ(reopened->running().config, told_again ? after : before) << n;
    EXPECT_EQ(reopened->history(10)->size(), told_again ? 2U : 1U) << n;
    EXPECT_EQ(reopened->unconfirmed().has_value(), told_again) << n;
    begin_with();
  });
}

TEST_P(CallFault, ACommitIsWholeOrNotThereAndAsTheCallerWasTold) {
  fail_each_of_a_commit(first_config(), second_config());
}

TEST_P(CallFault, SoIsOneThatMakesAFileForWhatBelongsToTheUnit) {
  fail_each_of_a_commit(first_config(), named(first_config(), "a"));
}

TEST_P(CallFault, SoIsOneOfWhatBelongsToTheUnit) {
  fail_each_of_a_commit(named(first_config(), "a"), named(second_config(), "b"));
}

TEST_P(CallFault, AConfirmationHappensOrTheCommitStillWaits) {
  CommitInfo waits = info();
  waits.confirm_by = Deadline{"boot", std::chrono::milliseconds(1), {}, {}};
  auto folder = std::make_unique<TempFolder>();
  std::unique_ptr<ConfigStore> store;
  const auto begin_anew = [&] {
    store.reset();
    folder = std::make_unique<TempFolder>();
    store = must_open(folder->file());
    ASSERT_TRUE(commit(*store, first_config(), waits));
  };
  begin_anew();
  fail_each_call([&](long) { return store->confirm().has_value(); },
                 [&](long n, bool told_ok) {
                   EXPECT_EQ(store->unconfirmed().has_value(), !told_ok) << n;
                   store.reset();
                   store = must_open(folder->file());
                   ASSERT_TRUE(store) << n;
                   EXPECT_EQ(store->unconfirmed().has_value(), !told_ok) << n;
                   EXPECT_TRUE(store->confirm()) << n;
                   begin_anew();
                 },
                 3);
}

TEST_P(CallFault, OpeningFailsOrGivesTheStoreAsItIs) {
  const TempFolder folder;
  const model::Config held = named(first_config(), "a");
  { ASSERT_TRUE(commit(*must_open(folder.file()), held)); }
  const std::string original = read_file(folder.file());
  const std::string own = read_file(folder.file("unit.db"));
  fail_each_call(
      [&](long n) {
        const auto store = ConfigStore::open(folder.file());
        if (!store) {
          EXPECT_THAT(store.error().text, testing::HasSubstr(folder.path().string())) << n;
          return false;
        }
        EXPECT_EQ((*store)->running().config, held) << n;
        return true;
      },
      [&](long n, bool) {
        EXPECT_EQ(read_file(folder.file()), original) << n;
        EXPECT_EQ(read_file(folder.file("unit.db")), own) << n;
        EXPECT_EQ(must_open(folder.file())->running().config, held) << n;
      });
}

TEST_P(CallFault, MakingAStoreFailsOrMakesAWholeOne) {
  const auto folder = std::make_unique<TempFolder>();
  fail_each_call([&](long) { return ConfigStore::open(folder->file()).has_value(); },
                 [&](long n, bool told_ok) {
                   const auto store = must_open(folder->file());
                   ASSERT_TRUE(store) << n;
                   EXPECT_EQ(store->running().revision, 0U);
                   EXPECT_EQ(commit(*store, first_config()).value(), 1U) << n << told_ok;
                   for (const auto& entry : std::filesystem::directory_iterator(folder->path())) {
                     std::filesystem::remove(entry);
                   }
                 });
}

INSTANTIATE_TEST_SUITE_P(EveryCall, CallFault,
                         testing::Values(Case{SQLITE_IOERR, Fault::kOnce},
                                         Case{SQLITE_FULL, Fault::kOnce},
                                         Case{SQLITE_NOMEM, Fault::kFromThere},
                                         Case{SQLITE_IOERR, Fault::kFromThere},
                                         Case{SQLITE_BUSY, Fault::kAfterwards}));

}  // namespace
}  // namespace yoke::store
