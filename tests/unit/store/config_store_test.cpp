// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/config_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "mgmt/model/json.h"
#include "mgmt/model/schema.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/migrations.h"
#include "mgmt/store/records.h"
#include "mgmt/store/tables.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {
namespace {

using testing::HasSubstr;

// Runs SQL on a store from outside, as a person with a shell would.
std::vector<std::string> sql(const std::string& path, const std::string& text) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  std::vector<std::string> values;
  char* message = nullptr;
  const auto take = [](void* into, int count, char** columns, char**) {
    for (int i = 0; i < count; ++i) {
      static_cast<std::vector<std::string>*>(into)->emplace_back(columns[i] ? columns[i] : "NULL");
    }
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, text.c_str(), take, &values, &message), SQLITE_OK)
      << (message != nullptr ? message : "");
  sqlite3_free(message);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
  return values;
}

Error open_error(const std::string& path) {
  const auto store = ConfigStore::open(path);
  EXPECT_FALSE(store);
  return store ? Error{} : store.error();
}

TEST(ConfigStore, ANewStoreIsEmptyAtRevisionZero) {
  const TempFolder folder;
  const auto store = must_open(folder.file());
  EXPECT_EQ(store->running().revision, 0U);
  EXPECT_EQ(store->running().config, model::Config{});
  EXPECT_EQ(store->history(10)->size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder.file("config.db.new")));
}

TEST(ConfigStore, WhatIsCommittedIsThereAfterOpeningAgain) {
  const TempFolder folder;
  {
    const auto store = must_open(folder.file());
    EXPECT_EQ(commit(*store, first_config()).value(), 1U);
    EXPECT_EQ(store->running().config, first_config());
    EXPECT_EQ(commit(*store, second_config()).value(), 2U);
    EXPECT_EQ(commit(*store, first_config()).value(), 3U);
    EXPECT_EQ(commit(*store, second_config()).value(), 4U);
  }
  const auto store = must_open(folder.file());
  EXPECT_EQ(store->running().revision, 4U);
  EXPECT_EQ(store->running().config, second_config());
}

TEST(ConfigStore, APendingCommitThatIsNotFinishedLeavesNothing) {
  const TempFolder folder;
  make_store(folder.file());
  {
    const auto store = must_open(folder.file());
    { const auto pending = store->begin(second_config(), info()).value(); }
    EXPECT_EQ(store->running().revision, 1U);
    EXPECT_EQ(commit(*store, second_config()).value(), 2U) << "and does not stand in the way";
  }
  EXPECT_EQ(must_open(folder.file())->running().config, second_config());
}

TEST(ConfigStore, OnlyOneCommitIsPendingAtATime) {
  const TempFolder folder;
  const auto store = must_open(folder.file());
  auto first = store->begin(first_config(), info()).value();
  const auto second = store->begin(second_config(), info());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Errc::kConflict);
  EXPECT_TRUE(first.finish());
  EXPECT_EQ(store->running().config, first_config());
}

TEST(ConfigStore, HistoryTellsWhoCommittedWhatNewestFirst) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  (void)commit(*store, second_config(), info("it's the \"second\" one \u00fc"));
  const auto all = store->history(10).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, 2U);
  EXPECT_EQ(all[0].info.note, "it's the \"second\" one \u00fc");
  EXPECT_EQ(all[1].id, 1U);
  EXPECT_EQ(all[1].info.user, "ann");
  EXPECT_EQ(all[1].info.origin, "pid 4711");
  EXPECT_EQ(all[1].info.how, "cli");
  EXPECT_EQ(all[1].info.changes, "+1 vip");
  EXPECT_EQ(all[1].info.at, info().at);
  EXPECT_EQ(store->history(1)->size(), 1U);
}

TEST(ConfigStore, OldRevisionsAreForgottenNumbersNever) {
  const TempFolder folder;
  make_store(folder.file());
  sql(folder.file(), "UPDATE revision SET id = " + std::to_string(kRevisionsKept + 1));
  {
    const auto store = must_open(folder.file());
    EXPECT_EQ(commit(*store, second_config()).value(), kRevisionsKept + 2);
    EXPECT_EQ(commit(*store, first_config()).value(), kRevisionsKept + 3);
  }
  sql(folder.file(), "UPDATE revision SET id = 3 WHERE id = " + std::to_string(kRevisionsKept + 1));
  const auto store = must_open(folder.file());
  EXPECT_EQ(store->history(1000)->size(), 3U);
  EXPECT_EQ(commit(*store, second_config()).value(), kRevisionsKept + 4);
  EXPECT_EQ(store->history(1000)->size(), 3U) << "the one that was revision 3 is gone";
}

TEST(ConfigStore, ACommitWritesNoMoreOfTheHistoryThanItChanges) {
  const TempFolder folder;
  make_store(folder.file());
  model::Config config = first_config();
  must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {{"weight", "8"}});
  { (void)commit(*must_open(folder.file()), config); }
  const auto kept = sql(folder.file(), "SELECT changes_back FROM revision WHERE id = 1");
  EXPECT_EQ(kept, std::vector<std::string>{
                      R"([[["pool","web","server","192.0.2.11:80"],{"weight":"7"}]])"});
}

TEST(ConfigStore, TheHashKeyIsMadeOnceAndDiffersBetweenStores) {
  const TempFolder folder;
  const auto key = must_open(folder.file())->hash_key();
  EXPECT_EQ(must_open(folder.file())->hash_key(), key);
  EXPECT_NE(must_open(folder.file("other.db"))->hash_key(), key);
}

TEST(ConfigStore, RecordsAreTypedRowsThatAPersonCanRead) {
  const TempFolder folder;
  make_store(folder.file());
  EXPECT_THAT(sql(folder.file(),
                  "SELECT pool, server, weight, typeof(weight), enabled, "
                  "typeof(enabled) FROM server WHERE pool = 'web' ORDER BY server"),
              testing::ElementsAre("web", "192.0.2.11:80", "7", "integer", "NULL", "null", "web",
                                   "192.0.2.12:80", "NULL", "null", "0", "integer"));
  EXPECT_THAT(sql(folder.file(),
                  "SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND "
                  "name NOT LIKE 'sqlite_%'"),
              testing::ElementsAre("0"));
}

TEST(ConfigStore, TheFileIsForItsOwnerAlone) {
  const TempFolder folder;
  make_store(folder.file());
  struct stat st {};
  ASSERT_EQ(::stat(folder.file().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
}

TEST(ConfigStore, ASettingTheSchemaGainedBecomesAColumn) {
  const TempFolder folder;
  make_store(folder.file());
  // The store of a release before `weight`, `snat` and the whole kind `check`.
  sql(folder.file(),
      "ALTER TABLE server DROP COLUMN weight; ALTER TABLE vip DROP COLUMN snat;"
      "DROP TABLE \"check\"");
  model::Config before = first_config();
  (void)before.remove(model::Path{{"pool", "web", "server", "192.0.2.11:80"}}, {"weight"});
  (void)before.remove(model::Path{{"pool", "web", "check", "tcp"}});
  sql(folder.file(), "UPDATE revision SET digest = '" + digest(before.records()) + "'");
  {
    const auto store = must_open(folder.file());
    EXPECT_EQ(store->running().config, before);
    EXPECT_EQ(commit(*store, second_config()).value(), 2U);
  }
  EXPECT_EQ(must_open(folder.file())->running().config, second_config());
}

TEST(ConfigStore, AValueThatHasBecomeTheDefaultStaysCommittable) {
  const TempFolder folder;
  make_store(folder.file());
  // A release whose default weight was another one wrote today's default as a value.
  sql(folder.file(), "UPDATE server SET weight = 1 WHERE weight = 7");
  Records held = first_config().records();
  held.at(model::Path{{"pool", "web", "server", "192.0.2.11:80"}})["weight"] = "1";
  sql(folder.file(), "UPDATE revision SET digest = '" + digest(held) + "'");
  {
    const auto store = must_open(folder.file());
    EXPECT_EQ(commit(*store, first_config()).value(), 2U);
  }
  EXPECT_EQ(must_open(folder.file())->running().config, first_config());
}

TEST(ConfigStore, AHashKeyThatIsSetStays) {
  const TempFolder folder;
  std::array<std::uint8_t, 16> key{};
  key[0] = 0x27;
  key[15] = 0xff;
  {
    const auto store = must_open(folder.file());
    ASSERT_NE(store->hash_key(), key);
    ASSERT_TRUE(store->set_hash_key(key));
    EXPECT_EQ(store->hash_key(), key);
  }
  EXPECT_EQ(must_open(folder.file())->hash_key(), key);
}

TEST(ConfigStore, ANewerReleasesStoreIsRefusedAndLeftAlone) {
  const auto next = std::to_string(version_of_this_release() + 1);
  for (const std::string& change :
       {"PRAGMA user_version = " + next, std::string("PRAGMA user_version = 999"),
        std::string("ALTER TABLE vip ADD COLUMN \"sparkle\" TEXT")}) {
    const TempFolder folder;
    make_store(folder.file());
    sql(folder.file(), change);
    const std::string bytes = read_file(folder.file());
    const Error error = open_error(folder.file());
    EXPECT_EQ(error.id, "E-505") << change;
    EXPECT_THAT(error.text, HasSubstr(folder.file()));
    EXPECT_THAT(error.text, HasSubstr("release that wrote it"));
    EXPECT_EQ(read_file(folder.file()), bytes);
  }
}

TEST(ConfigStore, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  const TempFolder folder;
  sql(folder.file(), "CREATE TABLE pool (x)");
  const std::string bytes = read_file(folder.file());
  EXPECT_EQ(open_error(folder.file()).id, "E-509");
  EXPECT_EQ(read_file(folder.file()), bytes);
}

TEST(ConfigStore, RecordsChangedBehindItsBackAreRefused) {
  for (const std::string change :
       {"UPDATE server SET weight = 9 WHERE weight = 7", "DELETE FROM vip",
        "INSERT INTO pool (pool) VALUES ('extra')",
        "UPDATE revision SET digest = '0123456789abcdef'", "DELETE FROM revision",
        "UPDATE setting SET value = x'00'", "DELETE FROM setting"}) {
    const TempFolder folder;
    make_store(folder.file());
    sql(folder.file(), change);
    const Error error = open_error(folder.file());
    EXPECT_EQ(error.id, "E-504") << change;
    EXPECT_THAT(error.text, HasSubstr(folder.file()));
    EXPECT_THAT(error.text, HasSubstr("request restore FILE"));
  }
}

TEST(ConfigStore, ASecondProcessIsRefusedAndToldWhichOneHasIt) {
  const TempFolder folder;
  const auto store = must_open(folder.file());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = ConfigStore::open(folder.file());
    const bool right = !second && second.error().id == "E-506" &&
                       second.error().kind == Errc::kConflict &&
                       second.error().text.find(std::to_string(::getppid())) != std::string::npos;
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(commit(*store, first_config()).value(), 1U);
}

TEST(ConfigStore, AWriterFromOutsideMakesACommitFailAndNothingMore) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = commit(*store, second_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-506");
  ASSERT_EQ(sqlite3_exec(shell, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(shell), SQLITE_OK);
  EXPECT_EQ(commit(*store, second_config()).value(), 2U);
}

TEST(ConfigStore, AReaderFromOutsideDoesNotDelayACommit) {
  const TempFolder folder;
  make_store(folder.file());
  const auto store = must_open(folder.file());
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "BEGIN; SELECT * FROM pool", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(commit(*store, second_config()).value(), 2U);
  EXPECT_EQ(sqlite3_close(shell), SQLITE_OK);
}

// As another user, because root writes where nobody may. 0: the child saw `id` and `word`.
int error_as_nobody(const std::string& path, const std::string& id, const std::string& word) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const auto store = ConfigStore::open(path);
    const bool right = !store && store.error().id == id &&
                       store.error().text.find(word) != std::string::npos &&
                       store.error().text.find(path) != std::string::npos;
    if (!right) (void)!::write(2, store ? "opened\n" : store.error().text.c_str(), 7);
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ConfigStore, AFolderThatMayNotBeWrittenIsNamed) {
  const TempFolder folder;
  make_store(folder.file());
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  // A user of his own folder may open the lock that is there, and no more.
  const bool is_owner = ::geteuid() != 0;
  EXPECT_EQ(error_as_nobody(folder.file(), is_owner ? "E-502" : "E-501",
                            is_owner ? "read-only" : "belongs to this user"),
            0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

TEST(ConfigStore, AFileThatMayOnlyBeReadIsRefused) {
  const TempFolder folder;
  make_store(folder.file());
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(folder.file().c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder.file("config.db.lock").c_str(), 0666), 0);
  EXPECT_EQ(error_as_nobody(folder.file(), "E-502", "read-only"), 0);
}

TEST(ConfigStore, AFolderThatIsNotThereIsNamed) {
  const TempFolder folder;
  const Error error = open_error(folder.file("nowhere/config.db"));
  EXPECT_EQ(error.id, "E-501");
  EXPECT_THAT(error.text, HasSubstr(folder.file("nowhere/config.db")));
}

TEST(ConfigStore, AnUnfinishedNewStoreIsMadeAgain) {
  const TempFolder folder;
  write_file(folder.file("config.db.new"), "half a database");
  write_file(folder.file("config.db.new-wal"), "and its log");
  EXPECT_EQ(must_open(folder.file())->running().revision, 0U);
}

TEST(ConfigStore, ALogWithoutItsDatabaseIsNotForgotten) {
  const TempFolder folder;
  write_file(folder.file("config.db-wal"), "the last commits may be in here");
  const Error error = open_error(folder.file());
  EXPECT_EQ(error.id, "E-504");
  EXPECT_THAT(error.text, HasSubstr("-wal"));
  EXPECT_EQ(read_file(folder.file("config.db-wal")), "the last commits may be in here");
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

// The process dies as a power cut leaves it: the log is there and was never folded in.
TEST(ConfigStore, CommitsThatAreOnlyInTheLogAreThereAfterACrash) {
  const TempFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = ConfigStore::open(folder.file());
    const bool done = store && commit(**store, first_config()) && commit(**store, second_config());
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  ASSERT_GT(std::filesystem::file_size(folder.file("config.db-wal")), 0U);
  const auto store = must_open(folder.file());
  EXPECT_EQ(store->running().revision, 2U);
  EXPECT_EQ(store->running().config, second_config());
}

TEST(Tables, NoTwoColumnsOfAKindShareAName) {
  for (const auto& type : model::schema()) {
    std::set<std::string> names{"rowid"};
    for (const auto& key : key_columns(type)) EXPECT_TRUE(names.insert(key).second) << key;
    for (const auto& field : type.fields) {
      EXPECT_TRUE(names.insert(std::string(field.name)).second) << type.kind << " " << field.name;
    }
    EXPECT_NE(type.kind, "revision");
    EXPECT_NE(type.kind, "setting");
    EXPECT_NE(type.kind, "unit_part");
  }
}

TEST(Digest, ChangesWithEveryWordOfEveryRecord) {
  const Records all = second_config().records();
  std::set<std::string> seen{digest(Records{}), digest(all)};
  std::size_t variants = 2;
  for (const auto& [path, fields] : all) {
    Records without = all;
    without.erase(path);
    seen.insert(digest(without));
    ++variants;
    for (const auto& [name, value] : fields) {
      Records other = all;
      other.at(path)[name] = value + "x";
      seen.insert(digest(other));
      other.at(path).erase(name);
      seen.insert(digest(other));
      variants += 2;
    }
  }
  EXPECT_EQ(seen.size(), variants);
}

}  // namespace
}  // namespace yoke::store
