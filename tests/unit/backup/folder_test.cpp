// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/store_fixture.h"

namespace yoke::backup {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

const system_clock::time_point kNow{seconds(1'700'000'000)};

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
  EXPECT_THAT(found, testing::ElementsAre(names[3], names[2], names[1], names[0]));
  EXPECT_EQ(folder.kept().back().made_at, kNow);
  EXPECT_EQ(folder.kept().back().bytes, 1U);
}

TEST(Folder, FilesOfOtherNamesAreNobodysBusiness) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  for (const char* name : {"notes", ".backup", "a.backup", "lb-a-7.backup", "lb-a-x-y.backup",
                           "lb-a-000001-20231399T221320Z.backup", "lb-a-000000-.backup.new"}) {
    store::write_file(where.file(name), "x");
  }
  EXPECT_TRUE(folder.kept().empty());
  EXPECT_THAT(folder.next_name(kNow).value(), testing::HasSubstr("-000001-"));
}

TEST(Folder, WhatWasSentIsRememberedWithTheFile) {
  const store::TempFolder where;
  const Folder folder(where.path().string(), "lb-a");
  const auto name = folder.next_name(kNow).value();
  store::write_file(folder.path_of(name), "x");
  EXPECT_FALSE(folder.is_sent(name));
  folder.note_sent(name);
  EXPECT_TRUE(Folder(where.path().string(), "lb-a").is_sent(name));
  folder.remove(name);
  EXPECT_FALSE(folder.is_sent(name));
  EXPECT_TRUE(folder.kept().empty());
}

}  // namespace
}  // namespace yoke::backup
