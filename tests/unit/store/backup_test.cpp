// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "mgmt/store/digest.h"
#include "mgmt/store/sha256.h"
#include "mgmt/store/unit_file.h"
#include "tests/unit/store/release_before.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::HasSubstr;

BackupLabel label() {
  return {.unit = "lb-a",
          .release = "0.1.0",
          .made_at = system_clock::time_point(seconds(1'700'000'000))};
}

// Steps until it is there; `between` is done before each.
Result<BackupLabel> back_up(
    ConfigStore& store, const std::string& file, const std::function<void()>& between = [] {}) {
  auto writer = store.begin_backup(label(), file);
  if (!writer) return tl::unexpected(writer.error());
  for (;;) {
    between();
    const auto complete = (*writer)->step();
    if (!complete) return tl::unexpected(complete.error());
    if (*complete) return (*writer)->label();
  }
}

Result<Restorable> restored(const std::string& bytes, std::size_t piece = 4096) {
  const TempFolder folder;
  BackupReader reader(folder.file("restore"));
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (auto taken = reader.take(std::string_view(bytes).substr(at, piece)); !taken) {
      return tl::unexpected(taken.error());
    }
  }
  return reader.finish();
}

std::string error_of(const std::string& bytes) {
  const auto found = restored(bytes);
  return found ? "restored" : found.error().id;
}

// A store at revision 2, second_config(), as a backup.
class Backup : public testing::Test {
 protected:
  Backup() {
    make_store(folder_.file());
    store_ = must_open(folder_.file());
    EXPECT_TRUE(commit(*store_, second_config()));
    const auto made = back_up(*store_, file());
    EXPECT_TRUE(made) << made.error().text;
    bytes_ = read_file(file());
  }
  [[nodiscard]] std::string file() const { return folder_.file("unit.backup"); }

  TempFolder folder_;
  std::unique_ptr<ConfigStore> store_;
  std::string bytes_;
};

TEST_F(Backup, HoldsWhatTheStoreHolds) {
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{4096}, std::size_t{7}}) {
    const auto found = restored(bytes_, piece);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->revision, 2U);
    EXPECT_EQ(found->config, second_config());
    ASSERT_TRUE(found->label);
    EXPECT_EQ(found->label->unit, "lb-a");
    EXPECT_EQ(found->label->made_at, label().made_at);
    EXPECT_EQ(found->label->revision, 2U);
  }
}

TEST_F(Backup, BehindItsLabelIsADatabaseWithTheWholeHistory) {
  const TempFolder elsewhere;
  write_file(elsewhere.file(), bytes_.substr(bytes_.find('\n') + 1));
  const auto store = must_open(elsewhere.file());
  EXPECT_EQ(store->running().config, second_config());
  EXPECT_EQ(store->config_of(1).value(), first_config());
  EXPECT_EQ(store->hash_key(), store_->hash_key());
}

TEST_F(Backup, ItsLabelSaysWhatItsBytesAddUpTo) {
  const auto end = bytes_.find('\n');
  const auto read = read_label(bytes_.substr(0, end));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, bytes_.size() - end - 1);
  Sha256 hash;
  hash.add(bytes_.substr(end + 1));
  EXPECT_EQ(read->sha256, hash.text());
}

TEST_F(Backup, IsForItsOwnerAloneAndLeavesNothingBeside) {
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(testing::EndsWith(".new")));
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".copy")));
  }
}

TEST_F(Backup, OfAStoreThatIsCommittedToMeanwhileIsOfOneRevision) {
  int round = 0;
  std::vector<model::Config> committed{model::Config(), first_config(), second_config()};
  const auto made = back_up(*store_, file(), [&] {
    if (++round % 2 != 0 || round > 20) return;
    committed.push_back(round % 4 == 0 ? first_config() : second_config());
    ASSERT_TRUE(commit(*store_, committed.back()));
  });
  ASSERT_TRUE(made) << made.error().text;
  const auto found = restored(read_file(file()));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->revision, made->revision);
  EXPECT_EQ(found->config, committed.at(found->revision));
}

TEST_F(Backup, GivenUpLeavesNothing) {
  {
    const auto writer = store_->begin_backup(label(), folder_.file("half"));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->step());
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("half")));
  }
}

TEST_F(Backup, CutShortOrAlteredIsRefused) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = bytes_;
    if (round % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    if (bytes == bytes_) continue;
    const auto found = restored(bytes);
    // The label's other words may be altered and still be words.
    if (found) {
      EXPECT_EQ(found->config, second_config()) << round;
    } else {
      EXPECT_THAT(found.error().id, testing::AnyOf("E-511", "E-512", "E-513")) << round;
    }
  }
  EXPECT_EQ(error_of(bytes_ + "x"), "E-513");
  EXPECT_EQ(error_of(bytes_.substr(0, bytes_.size() - 1)), "E-513");
}

TEST_F(Backup, AnythingElseIsNoBackup) {
  for (const std::string& bytes :
       {std::string(), std::string("{"), std::string("SQLite format"), std::string("hello\n"),
        std::string("{}\n"), std::string("{\"yoke-backup\":1}\n"), std::string(10'000, 'x'),
        std::string("{\"yoke-backup\":\"1\",\"unit\":7}\n"), std::string(10'000, '\0')}) {
    EXPECT_EQ(error_of(bytes), "E-511") << bytes.substr(0, 40);
  }
}

// A time that the clock's type does not hold would come out as another one.
TEST(BackupLabelLine, ATimeThatNoClockShowsIsRefused) {
  const auto at = [](const std::string& time) {
    return read_label(R"({"yoke-backup":1,"unit":"a","release":"1","revision":1,"bytes":1,)"
                      R"("sha256":")" +
                      std::string(64, '0') + R"(","made_at":)" + time + "}");
  };
  const auto read = at("9000000000");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->made_at.time_since_epoch(), std::chrono::seconds(9'000'000'000));
  for (const char* late : {"9000000001", "16999919999", "18446744073709551615"}) {
    EXPECT_FALSE(at(late)) << late;
  }
}

TEST_F(Backup, ALabelWhoseTextsAreNotForShowingIsNone) {
  const auto read = read_label(bytes_.substr(0, bytes_.find('\n')));
  ASSERT_TRUE(read);
  const auto with = [&](const std::string& text, std::string BackupLabel::*part) {
    BackupLabel label = *read;
    label.*part = text;
    std::string line = label_line(label);
    line.pop_back();
    return read_label(line);
  };
  for (const auto part : {&BackupLabel::unit, &BackupLabel::release}) {
    EXPECT_TRUE(with(std::string(100, 'a'), part));
    for (const std::string& text :
         {std::string(101, 'a'), std::string("a\nb"), std::string("\033[2J"),
          std::string("\xc2\x9b"
                      "2J"),
          std::string("a\x7f"), std::string("a\0", 2)}) {
      const auto refused = with(text, part);
      ASSERT_FALSE(refused) << text;
      EXPECT_EQ(refused.error().id, "E-511");
      EXPECT_THAT(refused.error().text, HasSubstr("label"));
    }
  }
}

TEST_F(Backup, HasWhatBelongsToTheUnit) {
  int round = 0;
  const auto made = back_up(*store_, file(), [&] {
    if (++round < 4) {
      ASSERT_TRUE(commit(*store_, named(first_config(), "lb-" + std::to_string(round))));
    }
  });
  ASSERT_TRUE(made) << made.error().text;
  const std::string bytes = read_file(file());
  const auto found = restored(bytes);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_TRUE(found->has_unit_part);
  EXPECT_EQ(found->revision, made->revision);
  EXPECT_EQ(found->config, store_->config_of(made->revision).value());
  EXPECT_NE(found->config.value(model::only("system"), "name"), "");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".copy")));
  }
}

TEST_F(Backup, WithoutAnythingOfTheUnitsSaysThatThereWasNone) {
  EXPECT_TRUE(restored(bytes_)->has_unit_part);
}

// What somebody made of the database of a backup.
std::string without_label(const std::string& bytes, const std::string& sql) {
  const TempFolder folder;
  write_file(folder.file(), bytes.substr(bytes.find('\n') + 1));
  alter(folder.file(), sql + "; PRAGMA wal_checkpoint(TRUNCATE)");
  return read_file(folder.file());
}

TEST_F(Backup, CopiedByHandLacksWhatBelongsToTheUnit) {
  ASSERT_TRUE(commit(*store_, named(first_config(), "lb-a")));
  ASSERT_TRUE(back_up(*store_, file()));
  const auto found = restored(without_label(read_file(file()), "DROP TABLE unit_part"));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_FALSE(found->has_unit_part);
  EXPECT_EQ(found->config, first_config());
}

TEST_F(Backup, WithAnothersUnitPartIsRefusedOrLacksIt) {
  ASSERT_TRUE(commit(*store_, named(first_config(), "lb-a")));
  ASSERT_TRUE(back_up(*store_, file()));
  const std::string bytes = read_file(file());
  EXPECT_EQ(error_of(without_label(bytes, "UPDATE unit_part SET document = '[]'")), "E-513");
  const auto other = restored(without_label(bytes, "UPDATE unit_part SET stamp = 'x'"));
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_FALSE(other->has_unit_part);
  EXPECT_EQ(error_of(without_label(bytes, "DROP TABLE unit_part; CREATE TABLE unit_part (x)")),
            "E-504");
}

// Its stamps are right: whoever made it knows how.
TEST_F(Backup, WhoseUnitPartIsNoDocumentIsRefusedByTheNameOfTheBackup) {
  ASSERT_TRUE(commit(*store_, named(first_config(), "lb-a")));
  ASSERT_TRUE(back_up(*store_, file()));
  const std::string bytes = read_file(file());
  for (const std::string& document : {std::string(100'000, '['), std::string("[[]]")}) {
    const std::string stamp = stamp_of(3, document);
    const std::string needs = "3 " + stamp;
    const auto found =
        restored(without_label(bytes, "UPDATE unit_part SET stamp = '" + stamp + "', document = '" +
                                          document + "'; UPDATE revision SET unit = '" + needs +
                                          ' ' + digest(needs) + "' WHERE id = 3"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().id, "E-505");
    EXPECT_THAT(found.error().text, testing::StartsWith("the backup: its revision 3"));
  }
}

TEST_F(Backup, OfANewerReleaseSaysSo) {
  std::string newer = bytes_;
  const std::string mark = "\"yoke-backup\":1";
  newer.replace(newer.find(mark), mark.size(), "\"yoke-backup\":2");
  const auto found = restored(newer);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().id, "E-512");
  EXPECT_THAT(found.error().text, HasSubstr("the release that made it"));
}

TEST(BackupOfAReleaseBefore, WhichIsABareDatabaseRestores) {
  for (const int version : {1, 2}) {
    const TempFolder folder;
    make_store_of_version(version, folder.file());
    const auto found = restored(read_file(folder.file()));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_FALSE(found->label);
    EXPECT_EQ(found->revision, 1U);
    EXPECT_EQ(found->config, first_config());
  }
}

TEST(BackupOfAReleaseBefore, HasOfTheUnitsOwnWhatIsAmongItsRecords) {
  const TempFolder folder;
  make_named_store_of_version_5(folder.file(), "old");
  const auto found = restored(read_file(folder.file()));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_FALSE(found->has_unit_part);
  EXPECT_EQ(found->config, named(first_config(), "old"));
}

TEST(BackupOfAnotherKind, ThatWouldRunWhatItsMakerWantsIsNotRead) {
  const TempFolder folder;
  make_store(folder.file());
  const std::string endless =
      "AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
      " SELECT 'hash_key' AS name, max(i) AS value FROM n";
  for (const std::string& code :
       {"DROP TABLE setting; CREATE VIEW setting " + endless,
        std::string("CREATE TRIGGER t AFTER INSERT ON setting BEGIN DELETE FROM vip; END"),
        std::string("CREATE VIRTUAL TABLE t USING fts5(words)")}) {
    const std::string altered = folder.file("altered.db");
    std::filesystem::copy_file(folder.file(), altered,
                               std::filesystem::copy_options::overwrite_existing);
    alter(altered, code);
    EXPECT_EQ(error_of(read_file(altered)), "E-511") << code;
  }
}

TEST(BackupOfAnotherKind, IsRefusedWithWhatItIs) {
  const TempFolder folder;
  make_store(folder.file());
  std::string bytes = read_file(folder.file());
  EXPECT_EQ(error_of(bytes.substr(0, bytes.size() / 2)), "E-504");
  bytes[60 + 3] = 99;  // user_version
  const auto newer = restored(bytes);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().id, "E-505");
  EXPECT_THAT(newer.error().text, testing::StartsWith("the backup: "));
}

}  // namespace
}  // namespace yoke::store
