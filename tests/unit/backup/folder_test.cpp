// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/store_fixture.h"

namespace yoke::backup {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::IsEmpty;

const system_clock::time_point kNow{seconds(1'700'000'000)};
const std::string kPlace = "sftp://ann@192.0.2.9/srv/", kOther = "https://192.0.2.8/";

TEST(Folder, NumbersRiseWhateverTheClockSays) {
  const store::TempFolder where;
  const Folder folder(where.file("backup"), "lb a/1");
  EXPECT_TRUE(folder.kept().empty());
  std::vector<std::string> names;
  for (const seconds later : {seconds(0), seconds(0), seconds(3600), seconds(-31'536'000)}) {
    names.push_back(folder.next_name(kNow + later).value());
    store::write_file(folder.path_of(names.back()), "x");
  }
  EXPECT_EQ(names[0], "lb_a_1-000001-20231114T221320Z.backup");
  EXPECT_EQ(names[3], "lb_a_1-000004-20221114T221320Z.backup");
  std::vector<std::string> found;
  for (const Kept& kept : folder.kept()) found.push_back(kept.name);
  EXPECT_THAT(found, ElementsAre(names[3], names[2], names[1], names[0]));
  EXPECT_EQ(folder.kept().back().made_at, kNow);
  EXPECT_EQ(folder.kept().back().bytes, 1U);
}

TEST(Folder, FilesOfOtherNamesAreNobodysBusiness) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  for (const char* name :
       {"notes", ".backup", "a.backup", "lb-a-7.backup", "lb-a-x-y.backup",
        "lb-a-000001-20231399T221320Z.backup", "lb-a-000000-.backup.new",
        "lb-b-000007-20231114T221320Z.backup", "b-lb-a-000007-20231114T221320Z.backup",
        "lb-a-b-000007-20231114T221320Z.backup", "lb-000007-20231114T221320Z.backup"}) {
    store::write_file(where.file(name), "x");
  }
  std::filesystem::create_directory(where.file("lb-a-000009-20231114T221320Z.backup"));
  EXPECT_TRUE(folder.kept().empty());
  EXPECT_THAT(folder.next_name(kNow).value(), testing::HasSubstr("-000001-"));
}

TEST(Folder, AUnitThatIsRenamedKnowsWhatItMadeBefore) {
  const store::TempFolder where;
  const std::string path = where.file("backup");
  std::vector<std::string> made;
  for (const char* unit : {"localhost", "lb-a", "lb-x", "lb-a"}) {
    Folder folder(path, "localhost");
    folder.rename_unit(unit);
    made.push_back(folder.next_name(kNow).value());
    store::write_file(folder.path_of(made.back()), "x");
  }
  EXPECT_THAT(
      made,
      ElementsAre("localhost-000001-20231114T221320Z.backup", "lb-a-000002-20231114T221320Z.backup",
                  "lb-x-000003-20231114T221320Z.backup", "lb-a-000004-20231114T221320Z.backup"));
  store::write_file(where.file("backup/lb-b-000009-20231114T221320Z.backup"), "x");
  EXPECT_EQ(Folder(path, "another").kept().size(), 4U) << "and of a board file that says another";
}

TEST(Folder, ANoteTellsWhereAFileWasSentAndOutlivesTheProcess) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  const auto name = folder.next_name(kNow).value();
  store::write_file(folder.path_of(name), "x");
  EXPECT_FALSE(folder.is_sent(name));
  EXPECT_FALSE(folder.is_scheduled(name));
  ASSERT_TRUE(folder.note_sent(name, kPlace));
  ASSERT_TRUE(folder.note_scheduled(name));
  const Folder again(where.path().string(), "lb-a");
  EXPECT_TRUE(again.is_sent(name));
  EXPECT_TRUE(again.is_sent(name, kPlace));
  EXPECT_FALSE(again.is_sent(name, kOther)) << "that is another place";
  EXPECT_TRUE(again.is_scheduled(name));
  EXPECT_THAT(again.sent_to(kPlace), ElementsAre(name));
  EXPECT_THAT(again.sent_to(kOther), IsEmpty());
  ASSERT_TRUE(again.note_removed(name, kPlace));
  EXPECT_FALSE(folder.is_sent(name));
  EXPECT_TRUE(folder.is_scheduled(name));
}

TEST(Folder, ANoteStaysForAsLongAsThereIsACopyThatThePlaceStillHas) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  const auto name = folder.next_name(kNow).value();
  store::write_file(folder.path_of(name), "x");
  ASSERT_TRUE(folder.note_sent(name, kPlace));
  ASSERT_TRUE(folder.remove(name, kPlace));
  EXPECT_TRUE(folder.kept().empty());
  EXPECT_THAT(folder.sent_to(kPlace), ElementsAre(name));
  EXPECT_THAT(folder.next_name(kNow).value(), testing::HasSubstr("-000002-"))
      << "its number is not given again";
  ASSERT_TRUE(folder.forget_others(kPlace));
  EXPECT_THAT(folder.sent_to(kPlace), ElementsAre(name));
  ASSERT_TRUE(folder.note_removed(name, kPlace));
  EXPECT_TRUE(std::filesystem::is_empty(where.path()));
}

TEST(Folder, ANoteOfAnotherPlaceGoesWithItsFile) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  const auto name = folder.next_name(kNow).value();
  store::write_file(folder.path_of(name), "x");
  ASSERT_TRUE(folder.note_sent(name, kPlace));
  ASSERT_TRUE(folder.remove(name, kPlace));
  ASSERT_TRUE(folder.forget_others(kOther));
  EXPECT_TRUE(std::filesystem::is_empty(where.path()));
  store::write_file(folder.path_of(name), "x");
  ASSERT_TRUE(folder.note_sent(name, kPlace));
  ASSERT_TRUE(folder.remove(name, kOther));
  EXPECT_TRUE(std::filesystem::is_empty(where.path()));
}

TEST(Folder, WhatCannotBeWrittenOrRemovedIsTold) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  const auto name = folder.next_name(kNow).value();
  std::filesystem::create_directories(folder.path_of(name) + "/x");
  EXPECT_FALSE(folder.remove(name, ""));
  std::filesystem::create_directories(folder.path_of(name) + ".note/x");
  const auto noted = folder.note_sent(name, kPlace);
  ASSERT_FALSE(noted);
  EXPECT_THAT(noted.error().text, testing::HasSubstr(".note"));
}

}  // namespace
}  // namespace yoke::backup
