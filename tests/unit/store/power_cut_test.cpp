// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/power_cut.h"

#include <gmock/gmock.h>

#include "mgmt/store/migrations.h"
#include "mgmt/store/previous.h"
#include "tests/unit/store/release_before.h"

// The machine loses its power at every write, sync, truncation, renaming and removal of a store's
// life: while it is made, migrated, committed to, confirmed and closed.
namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::Contains;

constexpr std::size_t kAround = 20;  // moments

const Deadline kDeadline{"a-boot", milliseconds(123'456),
                         system_clock::time_point(milliseconds(1'700'000'000'123)),
                         system_clock::time_point(milliseconds(1'700'000'300'123))};

CommitInfo to_be_confirmed() {
  CommitInfo wanted = info();
  wanted.confirm_by = kDeadline;
  return wanted;
}

// Of more than a page.
model::Config large_config() {
  model::Config config = second_config();
  for (int i = 0; i < 30; ++i) {
    must_set(config, {"pool", "large", "server", "192.0.2." + std::to_string(i + 1) + ":8080"},
             {{"weight", std::to_string(i)}});
  }
  return config;
}

// Of 25 pages, in the place of the one before.
Scheduled planned(int number) {
  return {.at = system_clock::time_point(milliseconds(2'000'000'000'000 + number)),
          .base = first_config(),
          .config = second_config(),
          .user = "ann",
          .origin = "pid 4711",
          .note = std::string(100'000, 'x')};
}

void expect_possible(const TempFolder& folder, const std::vector<Held>& possible) {
  const auto store = must_open(folder.file());
  ASSERT_TRUE(store);
  EXPECT_TRUE(std::ranges::find(possible, held_by(*store)) != possible.end())
      << "found revision " << store->running().revision << " where " << possible.front().revision
      << " was acknowledged";
  expect_whole_history(*store);
  EXPECT_TRUE(commit(*store, first_config())) << "and life goes on";
}

TEST(PowerCut, DuringCommitsAndConfirmationsFindsWhatWasAcknowledgedOrTheNextWhole) {
  const TempFolder folder;
  make_store(folder.file());
  RecordedDisk disk(folder.path());
  auto store = must_open(folder.file());
  Story story(disk, held_by(*store));
  ASSERT_TRUE(commit(*store, second_config()));
  story.acknowledge(held_by(*store));
  ASSERT_TRUE(commit(*store, large_config(), to_be_confirmed()));
  story.acknowledge(held_by(*store));
  ASSERT_TRUE(store->confirm());
  story.acknowledge(held_by(*store));
  ASSERT_TRUE(commit(*store, first_config(), to_be_confirmed()));
  story.acknowledge(held_by(*store));
  ASSERT_TRUE(commit(*store, store->config_of(3).value()));
  story.acknowledge(held_by(*store));
  store.reset();  // closing moves the log into the database and removes it
  ASSERT_GT(disk.moments(), 20U);
  cut_at_every_moment(disk,
                      [&](const TempFolder& found, std::size_t moment) {
                        expect_possible(found, story.possible(moment));
                      },
                      {.story = &story});
}

// The unit's part alone, the shared alone, both, neither: with unit.db made on the way, and commits
// that are given up after it was written.
TEST(PowerCut, DuringCommitsOfWhatBelongsToTheUnitFindsBothPartsOfOneRevision) {
  const TempFolder folder;
  make_store(folder.file());
  RecordedDisk disk(folder.path());
  auto store = must_open(folder.file());
  Story story(disk, held_by(*store));
  const auto next = [&](const model::Config& config, const CommitInfo& how = info()) {
    ASSERT_TRUE(commit(*store, config, how));
    story.acknowledge(held_by(*store));
  };
  const auto give_up = [&](const std::string& name) {
    const auto pending = store->begin(named(second_config(), name), info());
    EXPECT_TRUE(pending);
  };
  give_up("never");
  next(named(first_config(), "a"));
  next(named(large_config(), "a"));
  next(named(first_config(), "b"), to_be_confirmed());
  give_up("nor-this");
  next(named(large_config(), "c"));
  next(second_config());
  next(named(second_config(), "d"));
  store.reset();
  ASSERT_GT(disk.moments(), 40U);
  cut_at_every_moment(disk,
                      [&](const TempFolder& found, std::size_t moment) {
                        expect_possible(found, story.possible(moment));
                      },
                      {.story = &story});
}

TEST(PowerCut, DuringTheFirstCommitAfterAnUpgradeFindsTheNameInOnePlaceOrTheOther) {
  const TempFolder folder;
  make_named_store_of_version_5(folder.file(), "old");
  { const auto migrated = must_open(folder.file()); }
  RecordedDisk disk(folder.path());
  auto store = must_open(folder.file());
  Story story(disk, held_by(*store));
  for (const auto& config : {named(second_config(), "old"), named(first_config(), "new")}) {
    ASSERT_TRUE(commit(*store, config));
    story.acknowledge(held_by(*store));
  }
  store.reset();
  cut_at_every_moment(disk,
                      [&](const TempFolder& found, std::size_t moment) {
                        expect_possible(found, story.possible(moment));
                      },
                      {.story = &story});
}

TEST(PowerCut, WhileTheUnitsPartIsGivenUpFindsItLostOrGivenUp) {
  const TempFolder folder;
  make_store(folder.file());
  { ASSERT_TRUE(commit(*must_open(folder.file()), named(first_config(), "a"))); }
  std::filesystem::rename(folder.file("unit.db"), folder.file("unit.db.lost"));
  RecordedDisk disk(folder.path());
  { const auto store = must_open(folder.file()); }
  cut_at_every_moment(disk, [](const TempFolder& found, std::size_t) {
    const auto store = must_open(found.file());
    ASSERT_TRUE(store);
    EXPECT_EQ(store->running().revision, 2U);
    EXPECT_EQ(store->running().config, first_config());
    EXPECT_TRUE(commit(*store, named(second_config(), "b")));
  });
}

TEST(PowerCut, WhileTheLogIsMovedIntoTheDatabaseLosesNothing) {
  const TempFolder folder;
  make_store(folder.file());
  RecordedDisk disk(folder.path());
  auto store = must_open(folder.file());
  Story story(disk, held_by(*store));
  // SQLite moves the log at 1,000 pages, and then writes it from its beginning again.
  for (int i = 0; i < 45; ++i) {
    ASSERT_TRUE(store->schedule(planned(i)));
    story.acknowledge(held_by(*store));
  }
  // Looked at is what lies around the moving: the commits before it are as those above.
  std::size_t first = 0;
  while (first < disk.moments() && disk.told(first) != "write config.db") ++first;
  ASSERT_LT(first, disk.moments()) << "the log was never moved";
  std::size_t last = first;
  while (last < disk.moments() && disk.told(last) != "sync config.db") ++last;
  ASSERT_LT(last + kAround, disk.moments()) << "the log was not begun again";
  cut_at_every_moment(disk,
                      [&](const TempFolder& found, std::size_t moment) {
                        expect_possible(found, story.possible(moment));
                      },
                      {.first = first - 5, .last = last + kAround, .story = &story});
}

TEST(PowerCut, WhileAStoreIsMadeFindsNoneOrAWholeOne) {
  const TempFolder folder;
  RecordedDisk disk(folder.path());
  { const auto store = must_open(folder.file()); }
  ASSERT_GT(disk.moments(), 10U);
  cut_at_every_moment(disk, [](const TempFolder& found, std::size_t) {
    const auto store = must_open(found.file());
    ASSERT_TRUE(store);
    EXPECT_EQ(store->running().revision, 0U);
    EXPECT_TRUE(commit(*store, first_config()));
  });
}

TEST(PowerCut, WhileAStoreMigratesFindsTheOldOneOrTheNewAndKeepsTheOldWhole) {
  const TempFolder folder;
  make_store_of_version(1, folder.file());
  const std::string old = read_file(folder.file());
  RecordedDisk disk(folder.path());
  { const auto store = must_open(folder.file()); }
  ASSERT_GT(disk.moments(), 10U);
  cut_at_every_moment(disk, [&](const TempFolder& found, std::size_t) {
    const std::string kept = previous_path(found.file(), 1);
    std::error_code ignored;
    if (std::filesystem::exists(kept, ignored)) {
      EXPECT_EQ(read_file(kept), old);
    }
    const auto store = must_open(found.file());
    ASSERT_TRUE(store);
    EXPECT_EQ(store->running().revision, 1U);
    EXPECT_EQ(store->running().config, first_config());
    EXPECT_EQ(read_file(kept), old) << "the release before has nothing to go back to";
    EXPECT_TRUE(commit(*store, second_config()));
  });
}

// The disk of these tests loses what was not synced: without that they would show nothing.
TEST(RecordedDisk, KeepsWhatWasSyncedAndAnyPartOfTheRest) {
  const TempFolder folder;
  make_store(folder.file());
  RecordedDisk disk(folder.path());
  std::mt19937 random(1);
  const std::string before = read_file(folder.file());
  const std::string page(4096, 'x');
  (void)disk.before({.kind = DiskChange::Kind::kWrite, .file = "config.db", .bytes = page});
  const auto found = [&](std::size_t moment, Survives survives) {
    RecordedDisk::Replay replay(disk);
    replay.go_to(moment);
    return replay.cut(survives, random).at("config.db");
  };
  EXPECT_EQ(found(1, Survives::kNothing), before);
  EXPECT_EQ(found(1, Survives::kAll), page + before.substr(4096));
  const std::string torn = found(1, Survives::kSome);
  EXPECT_NE(torn, before);
  EXPECT_NE(torn, page + before.substr(4096));
  EXPECT_EQ(torn.substr(4096), before.substr(4096));
  (void)disk.before({.kind = DiskChange::Kind::kSync, .file = "config.db"});
  EXPECT_EQ(found(2, Survives::kNothing), page + before.substr(4096));
}

}  // namespace
}  // namespace yoke::store
