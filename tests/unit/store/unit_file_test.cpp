// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/unit_file.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "mgmt/store/digest.h"
#include "mgmt/store/previous.h"
#include "tests/unit/store/release_before.h"
#include "tests/unit/store/store_fixture.h"

// What belongs to the unit alone, beside the store: one configuration to whoever asks, two files.
namespace yoke::store {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kName = "zebra-unit-7";

class UnitPartOfTheStore : public testing::Test {
 protected:
  [[nodiscard]] std::string unit() const { return folder_.file("unit.db"); }
  [[nodiscard]] std::string file() const { return folder_.file(); }

  // Revision 1 without a name, 2 with one, 3 with that and other pools.
  void make_named() const {
    make_store(file());
    const auto store = must_open(file());
    EXPECT_EQ(commit(*store, named(first_config(), kName)).value(), 2U);
    EXPECT_EQ(commit(*store, named(second_config(), kName)).value(), 3U);
  }

  [[nodiscard]] std::int64_t rows() const {
    const auto database = Database::open(unit(), false);
    return database ? (*database)->integer("SELECT count(*) FROM part")->value_or(-1) : -1;
  }

  [[nodiscard]] Error refused() const {
    const std::string config = read_file(file());
    const auto store = ConfigStore::open(file());
    EXPECT_FALSE(store);
    EXPECT_EQ(read_file(file()), config) << "the configuration was written to";
    return store ? Error() : store.error();
  }

  const TempFolder folder_;
};

TEST_F(UnitPartOfTheStore, IsInAFileOfItsOwnAlone) {
  make_named();
  EXPECT_EQ(must_open(file())->running().config, named(second_config(), kName));
  EXPECT_THAT(read_file(file()), Not(HasSubstr(kName)));
  EXPECT_THAT(read_file(unit()), HasSubstr(kName));
  EXPECT_THAT(read_file(unit()), Not(HasSubstr("192.0.2")));
  struct stat status {};
  ASSERT_EQ(::stat(unit().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(UnitPartOfTheStore, IsWrittenWhereItChangesAlone) {
  make_store(file());
  EXPECT_FALSE(std::filesystem::exists(unit()));
  { EXPECT_TRUE(commit(*must_open(file()), named(first_config(), kName))); }
  const std::string before = read_file(unit());
  { EXPECT_TRUE(commit(*must_open(file()), named(second_config(), kName))); }
  EXPECT_EQ(read_file(unit()), before);
  EXPECT_EQ(rows(), 1);
}

TEST_F(UnitPartOfTheStore, EachRevisionHasWhatItHad) {
  const std::vector<model::Config> held{first_config(),
                                        named(first_config(), "a"),
                                        named(second_config(), "a"),
                                        named(first_config(), "b"),
                                        named(first_config(), "c"),
                                        first_config(),
                                        named(second_config(), "a")};
  {
    const auto store = must_open(file());
    for (const auto& config : held) ASSERT_TRUE(commit(*store, config));
    for (std::size_t i = 0; i < held.size(); ++i) {
      EXPECT_EQ(store->config_of(i + 1).value(), held[i]) << i + 1;
    }
  }
  const auto store = must_open(file());
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(store->config_of(i + 1).value(), held[i]) << i + 1;
  }
}

TEST_F(UnitPartOfTheStore, OfACommitThatWasGivenUpIsInNobodysWay) {
  make_store(file());
  {
    const auto store = must_open(file());
    { const auto pending = store->begin(named(first_config(), "never"), info()).value(); }
    EXPECT_EQ(store->running().config, first_config());
    EXPECT_EQ(commit(*store, named(first_config(), "second")).value(), 2U);
    EXPECT_EQ(rows(), 2);
    EXPECT_EQ(commit(*store, named(first_config(), "third")).value(), 3U);
    EXPECT_EQ(rows(), 2) << "what never happened is forgotten";
  }
  const auto store = must_open(file());
  EXPECT_EQ(store->running().config, named(first_config(), "third"));
  EXPECT_EQ(store->config_of(2).value(), named(first_config(), "second"));
}

TEST_F(UnitPartOfTheStore, OfTheOldestRevisionThatIsKeptIsKept) {
  make_named();
  const auto store = must_open(file());
  const std::size_t end = kRevisionsKept + 4;
  for (std::size_t id = 4; id < end; ++id) {
    model::Config config = named(first_config(), kName);
    must_set(config, {"pool", "web", "server", "192.0.2.11:80"},
             {{"weight", std::to_string(id % 250 + 2)}});
    ASSERT_EQ(commit(*store, config).value(), id);
  }
  ASSERT_EQ(commit(*store, named(first_config(), "new")).value(), end);
  EXPECT_EQ(store->config_of(end - kRevisionsKept + 1)->value(model::only("system"), "name"),
            kName);
  EXPECT_FALSE(store->config_of(4)) << "it is kept no more";
  EXPECT_EQ(rows(), 2);
}

TEST_F(UnitPartOfTheStore, IsWhatAnUnconfirmedCommitGoesBackTo) {
  make_named();
  const auto store = must_open(file());
  CommitInfo waits = info();
  waits.confirm_by = Deadline{};
  ASSERT_TRUE(commit(*store, named(first_config(), "tried"), waits));
  const auto before = store->config_of(store->unconfirmed()->back_to);
  ASSERT_TRUE(before) << before.error().text;
  EXPECT_EQ(*before, named(second_config(), kName));
}

// ---- where it is not as it was ------------------------------------------------------------------

TEST_F(UnitPartOfTheStore, MissingIsRefusedUntilAPersonGivesItUp) {
  make_named();
  std::filesystem::remove(unit());
  const Error error = refused();
  EXPECT_EQ(error.id, "E-518");
  EXPECT_THAT(error.text, HasSubstr(unit() + ": is missing"));
  EXPECT_THAT(error.text, HasSubstr("touch " + unit() + ".lost"));
  EXPECT_FALSE(std::filesystem::exists(unit()));
  write_file(unit() + ".lost", "");
  {
    const auto store = must_open(file());
    EXPECT_EQ(store->running().revision, 3U);
    EXPECT_EQ(store->running().config, second_config());
    EXPECT_EQ(store->config_of(2).value(), first_config());
    EXPECT_FALSE(std::filesystem::exists(unit() + ".lost")) << "it was said once";
    EXPECT_EQ(commit(*store, named(first_config(), "new")).value(), 4U);
  }
  EXPECT_EQ(must_open(file())->running().config, named(first_config(), "new"));
  std::filesystem::remove(unit());
  EXPECT_EQ(refused().id, "E-518") << "and not for ever";
}

TEST_F(UnitPartOfTheStore, GivenUpIsKeptWithItsLog) {
  make_named();
  write_file(unit() + ".lost", "damaged");
  write_file(unit() + "-wal", "its log");
  std::filesystem::remove(unit());
  EXPECT_EQ(must_open(file())->running().config, second_config());
  EXPECT_EQ(read_file(unit() + ".given-up"), "damaged");
  EXPECT_EQ(read_file(unit() + ".given-up-wal"), "its log");
  EXPECT_TRUE(commit(*must_open(file()), named(first_config(), "new")));
}

TEST_F(UnitPartOfTheStore, IsGivenUpAlsoWhereTheNewestRevisionHasNone) {
  make_named();
  { ASSERT_TRUE(commit(*must_open(file()), first_config())); }
  std::filesystem::remove(unit());
  {
    const auto lost = must_open(file())->config_of(3);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().id, "E-518");
    EXPECT_THAT(lost.error().text, HasSubstr("cannot be gone back to"));
    EXPECT_THAT(lost.error().text, Not(HasSubstr(".lost")));
  }
  write_file(unit() + ".lost", "");
  const auto store = must_open(file());
  EXPECT_EQ(store->running().config, first_config());
  EXPECT_EQ(store->config_of(3).value(), second_config());
  EXPECT_FALSE(std::filesystem::exists(unit() + ".lost"));
}

// Moved away under a process it takes with it what was acknowledged.
TEST_F(UnitPartOfTheStore, LostInAStoreThatRunsIsNotToBeMovedAway) {
  make_named();
  const auto store = must_open(file());
  ASSERT_TRUE(commit(*store, named(second_config(), "b")));
  alter(unit(), "DELETE FROM part");
  CommitInfo waits = info();
  waits.confirm_by = Deadline{};
  const auto backup = store->begin_backup(BackupLabel{}, folder_.file("unit.backup"));
  ASSERT_TRUE(backup);
  Result<bool> step = false;
  for (int i = 0; i < 100 && step && !*step; ++i) step = (*backup)->step();
  ASSERT_FALSE(step);
  const auto old = store->config_of(3);
  ASSERT_FALSE(old);
  const auto next = commit(*store, named(second_config(), "c"), waits);
  ASSERT_FALSE(next);
  for (const Error& error : {step.error(), old.error(), next.error()}) {
    EXPECT_EQ(error.id, "E-518");
    EXPECT_THAT(error.text, HasSubstr(unit() + ": has not what belongs to this unit"));
    EXPECT_THAT(error.text, Not(HasSubstr(".lost")));
  }
  EXPECT_THAT(step.error().text, HasSubstr("export it"));
  EXPECT_THAT(next.error().text, HasSubstr("export it"));
}

TEST_F(UnitPartOfTheStore, LongerThanAnyUnitHasIsNotWritten) {
  make_store(file());
  const auto store = must_open(file());
  const auto file = UnitFile::make(unit());
  ASSERT_TRUE(file);
  model::Records part;
  part.at(model::only("system")) = {{"name", std::string(kUnitDocumentMax, 'x')}};
  const auto row = (*file)->prepare(2, part, std::nullopt);
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().id, "E-508");
  EXPECT_EQ(rows(), 0);
}

TEST_F(UnitPartOfTheStore, EveryTruncationIsRefusedAndLeftAsItIs) {
  make_named();
  const std::string whole = read_file(unit());
  ASSERT_GT(whole.size(), 4096U);
  for (std::size_t length = 0; length < whole.size(); length += length < 200 ? 7 : 509) {
    write_file(unit(), whole.substr(0, length));
    const Error error = refused();
    EXPECT_EQ(error.id, "E-518") << length;
    EXPECT_THAT(error.text, HasSubstr("mv " + unit() + ' ' + unit() + ".lost"));
    EXPECT_EQ(read_file(unit()).size(), length);
  }
}

TEST_F(UnitPartOfTheStore, BytesFlippedAnywhereNeverGiveAnotherConfiguration) {
  make_named();
  const std::string whole = read_file(unit());
  const std::string config = read_file(file());
  std::mt19937 random(4);
  for (int round = 0; round < 600; ++round) {
    std::string bytes = whole;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
      const std::size_t page = random() % (bytes.size() / 4096);
      const std::size_t offset = random() % (random() % 2 == 0 ? 128 : 4096);
      bytes[page * 4096 + offset] ^= static_cast<char>(1U << (random() % 8));
    }
    write_file(unit(), bytes);
    const auto store = ConfigStore::open(file());
    if (store) {
      EXPECT_EQ((*store)->running().config, named(second_config(), kName)) << round;
    } else {
      EXPECT_THAT(store.error().id, testing::AnyOf("E-518", "E-505")) << store.error().text;
      EXPECT_THAT(store.error().text, HasSubstr(unit())) << round;
      EXPECT_EQ(read_file(unit()), bytes) << round << ": it was written to";
    }
    EXPECT_EQ(read_file(file()), config) << round;
  }
}

TEST_F(UnitPartOfTheStore, OfAnotherUnitOrProgramIsRefused) {
  make_named();
  const TempFolder other;
  make_store(other.file());
  { ASSERT_TRUE(commit(*must_open(other.file()), named(second_config(), "another"))); }
  for (const std::string& bytes : {read_file(other.file("unit.db")), read_file(other.file())}) {
    write_file(unit(), bytes);
    EXPECT_EQ(refused().id, "E-518");
    EXPECT_EQ(read_file(unit()), bytes);
  }
}

TEST_F(UnitPartOfTheStore, OfANewerReleaseIsRefused) {
  make_named();
  alter(unit(), "PRAGMA user_version = 2");
  const Error error = refused();
  EXPECT_EQ(error.id, "E-505");
  EXPECT_THAT(error.text, HasSubstr(unit()));
}

TEST_F(UnitPartOfTheStore, ARevisionWhoseRowIsAnotherIsDamaged) {
  make_named();
  alter(file(), "UPDATE revision SET unit = replace(unit, '2 ', '1 ') WHERE id = 3");
  EXPECT_EQ(refused().id, "E-504");
}

TEST_F(UnitPartOfTheStore, IsOneProcesssAtATime) {
  make_named();
  const auto store = must_open(file());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = ConfigStore::open(file());
    ::_exit(!second && second.error().id == "E-506" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(commit(*store, named(first_config(), "after")));
}

// ---- the release before ----------------------------------------------------------------------

TEST_F(UnitPartOfTheStore, OfAReleaseBeforeIsAmongItsRecordsAndLeavesThemAtTheNextCommit) {
  make_named_store_of_version_5(file(), "old");
  const std::string old = read_file(file());
  {
    const auto store = must_open(file());
    EXPECT_EQ(store->running().config, named(first_config(), "old"));
    EXPECT_EQ(store->config_of(1).value(), named(first_config(), "old"));
    EXPECT_EQ(read_file(previous_path(file(), 5)), old);
    EXPECT_EQ(commit(*store, named(second_config(), "old")).value(), 2U);
    EXPECT_EQ(commit(*store, first_config()).value(), 3U);
  }
  const auto store = must_open(file());
  EXPECT_EQ(store->running().config, first_config());
  EXPECT_EQ(store->config_of(2).value(), named(second_config(), "old"));
  EXPECT_EQ(store->config_of(1).value(), named(first_config(), "old"));
  EXPECT_THAT(read_file(unit()), HasSubstr("old"));
}

TEST_F(UnitPartOfTheStore, StandsInNobodysWayAfterGoingBackToTheReleaseBefore) {
  make_named_store_of_version_5(file(), "old");
  { ASSERT_TRUE(commit(*must_open(file()), named(second_config(), "new"))); }
  // As the README says; unit.db stays where it is.
  std::filesystem::rename(previous_path(file(), 5), file());
  {
    const auto store = must_open(file());
    EXPECT_EQ(store->running().config, named(first_config(), "old"));
    ASSERT_EQ(commit(*store, named(first_config(), "again")).value(), 2U);
  }
  EXPECT_EQ(must_open(file())->running().config, named(first_config(), "again"));
}

}  // namespace
}  // namespace yoke::store
