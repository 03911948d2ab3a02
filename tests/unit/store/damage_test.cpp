// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/database.h"
#include "tests/unit/store/store_fixture.h"

// Files as a failing disk leaves them. Whatever is in them: no crash, no wrong configuration, a
// message that names the file, and the file as it was.
namespace yoke::store {
namespace {

// Opens what `bytes` are and says which of the right things happened.
void expect_refused_or_whole(const TempFolder& folder, const std::string& bytes,
                             const std::string& what) {
  write_file(folder.file(), bytes);
  {
    const auto store = ConfigStore::open(folder.file());
    if (store) {
      EXPECT_EQ((*store)->running().revision, 1U) << what;
      EXPECT_EQ((*store)->running().config, first_config()) << what;
      (void)(*store)->history(1000);
      return;
    }
    EXPECT_THAT(store.error().id, testing::AnyOf("E-504", "E-505", "E-509")) << what;
    EXPECT_THAT(store.error().text, testing::HasSubstr(folder.file())) << what;
  }
  EXPECT_EQ(read_file(folder.file()), bytes) << what << ": it was written to";
}

TEST(Damage, EveryTruncationIsRefusedAndLeftAsItIs) {
  const TempFolder folder;
  make_store(folder.file());
  const std::string whole = read_file(folder.file());
  ASSERT_GT(whole.size(), 16384U);
  for (std::size_t length = 0; length < whole.size(); length += length < 200 ? 1 : 509) {
    write_file(folder.file(), whole.substr(0, length));
    const auto store = ConfigStore::open(folder.file());
    ASSERT_FALSE(store) << length;
    EXPECT_EQ(store.error().id, "E-504") << length << ": " << store.error().text;
    EXPECT_THAT(store.error().text, testing::HasSubstr("request restore FILE"));
    EXPECT_EQ(read_file(folder.file()).size(), length);
  }
}

// A process's locks on a file end as soon as it closes any descriptor of the file; SQLite alone
// knows which of its own may be closed.
TEST(Damage, WhatCannotBeWrittenIsOpenedWithoutEndingAnybodysLocks) {
  const TempFolder folder;
  sqlite3* other = nullptr;
  const auto execute = [&](const char* sql) {
    ASSERT_EQ(sqlite3_exec(other, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  };
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &other), SQLITE_OK);
  execute("CREATE TABLE t (a)");
  ASSERT_EQ(sqlite3_close(other), SQLITE_OK);
  std::string bytes = read_file(folder.file());
  bytes.at(18) = 3;  // a format to write that no SQLite knows
  write_file(folder.file(), bytes);
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &other), SQLITE_OK);
  execute("BEGIN; SELECT * FROM t");
  const auto lock = [&] {
    const FileDescriptor file(::open(folder.file().c_str(), O_RDWR | O_CLOEXEC));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    EXPECT_EQ(::fcntl(file.get(), F_OFD_GETLK, &whole), 0);
    return whole.l_type;
  };
  const auto database = Database::open(folder.file(), false);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().id, "E-504");
  EXPECT_EQ(lock(), F_RDLCK) << "the other connection still reads";
  ASSERT_EQ(sqlite3_close(other), SQLITE_OK);
}

TEST(Damage, RandomBytesAreNotADatabase) {
  const TempFolder folder;
  std::mt19937 random(1);
  for (const std::size_t length : {1U, 15U, 16U, 100U, 511U, 512U, 4096U, 65536U}) {
    std::string bytes;
    while (bytes.size() < length) bytes += static_cast<char>(random());
    expect_refused_or_whole(folder, bytes, std::to_string(length) + " random bytes");
    EXPECT_FALSE(ConfigStore::open(folder.file()));
    bytes.replace(0, std::min<std::size_t>(16, length), std::string("SQLite format 3\0", 16), 0,
                  std::min<std::size_t>(16, length));
    expect_refused_or_whole(folder, bytes, std::to_string(length) + " bytes behind a magic number");
  }
}

TEST(Damage, BytesFlippedAnywhereNeverGiveAnotherConfiguration) {
  const TempFolder folder;
  make_store(folder.file());
  const std::string whole = read_file(folder.file());
  std::mt19937 random(2);
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = whole;
    const std::size_t flips = 1 + random() % 4;
    std::string what = "round " + std::to_string(round);
    for (std::size_t i = 0; i < flips; ++i) {
      // Half of them where damage is most interesting: the file's and the pages' headers.
      const std::size_t page = random() % (bytes.size() / 4096);
      const std::size_t offset = random() % (random() % 2 == 0 ? 128 : 4096);
      bytes[page * 4096 + offset] ^= static_cast<char>(1U << (random() % 8));
    }
    expect_refused_or_whole(folder, bytes, what);
  }
}

TEST(Damage, WholePagesOfZeroesOrOfEachOtherNeverGiveAnotherConfiguration) {
  const TempFolder folder;
  make_store(folder.file());
  const std::string whole = read_file(folder.file());
  const std::size_t pages = whole.size() / 4096;
  for (std::size_t to = 0; to < pages; ++to) {
    for (std::size_t from = 0; from <= pages; ++from) {
      if (from == to) continue;
      std::string bytes = whole;
      const std::string page =
          from == pages ? std::string(4096, '\0') : whole.substr(from * 4096, 4096);
      bytes.replace(to * 4096, 4096, page);
      expect_refused_or_whole(folder, bytes,
                              "page " + std::to_string(to) + " from " + std::to_string(from));
    }
  }
}

TEST(Damage, ALogThatIsDamagedGivesTheLastWholeCommit) {
  // Made once: a store whose second commit is in the log alone.
  const TempFolder source;
  std::string database;
  std::string log;
  {
    make_store(source.file());
    const auto store = must_open(source.file());
    ASSERT_EQ(commit(*store, second_config()).value(), 2U);
    database = read_file(source.file());
    log = read_file(source.file("config.db-wal"));
  }
  ASSERT_GT(log.size(), 4096U);
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const TempFolder folder;
    std::string bytes = log;
    if (round % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    write_file(folder.file(), database);
    write_file(folder.file("config.db-wal"), bytes);
    const auto store = ConfigStore::open(folder.file());
    ASSERT_TRUE(store) << round << ": " << store.error().text;
    const auto& running = (*store)->running();
    EXPECT_TRUE((running.revision == 1 && running.config == first_config()) ||
                (running.revision == 2 && running.config == second_config()))
        << round;
  }
}

}  // namespace
}  // namespace yoke::store
