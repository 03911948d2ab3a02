// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "hal/base/file_descriptor.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::system {
namespace {

namespace fs = std::filesystem;
using store::read_file;
using store::TempFolder;
using testing::HasSubstr;

class FolderTest : public testing::Test {
 protected:
  void hold(const Files& files) {
    const auto held = hold_files(folder_, files);
    EXPECT_TRUE(held) << held.error().text;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    return read_file((folder_ / name).string());
  }
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      found.insert(entry.path().lexically_relative(folder_).string());
    }
    return found;
  }
  [[nodiscard]] struct stat facts(const std::string& name) const {
    struct stat file {};
    EXPECT_EQ(::lstat((folder_ / name).c_str(), &file), 0) << name;
    return file;
  }

  TempFolder temp_;
  fs::path folder_ = temp_.file("system");
  const Files files_{
      {"resolv.conf", "one\n"}, {"ssh-keys/ann", "key\n"}, {"ssh-keys/bob", "key\n"}};
};

// As somebody sees it who looks between two of them.
TEST_F(FolderTest, WritesFirstWhatComesFirst) {
  hold({});
  ASSERT_EQ(::mkdir((folder_ / "network").c_str(), 0750), 0);
  const FileDescriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), (folder_ / "network").c_str(), IN_MOVED_TO), 0);
  hold({{"network/a.network", "1\n"}, {"network/b.netdev", "2\n"}, {"network/c.network", "3\n"}});
  std::array<char, 4096> events{};
  const ssize_t size = ::read(watch.get(), events.data(), events.size());
  std::vector<std::string> order;
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, &events.at(static_cast<std::size_t>(at)), sizeof event);
    order.emplace_back(&events.at(static_cast<std::size_t>(at) + sizeof event));
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  EXPECT_THAT(order, testing::ElementsAre("b.netdev", "a.network", "c.network"));
}

TEST_F(FolderTest, HoldsWhatItIsGivenForItsGroupToRead) {
  const mode_t before = ::umask(0077);
  hold(files_);
  (void)::umask(before);
  EXPECT_EQ(names(),
            (std::set<std::string>{"resolv.conf", "ssh-keys", "ssh-keys/ann", "ssh-keys/bob"}));
  EXPECT_EQ(text("resolv.conf"), "one\n");
  EXPECT_EQ(facts("").st_mode & 07777, 0750U);
  EXPECT_EQ(facts("ssh-keys").st_mode & 07777, 0750U);
  EXPECT_EQ(facts("ssh-keys/ann").st_mode & 07777, 0640U);
}

TEST_F(FolderTest, TouchesOnlyWhatDiffers) {
  hold(files_);
  const auto kept = facts("resolv.conf").st_ino;
  const auto replaced = facts("ssh-keys/ann").st_ino;
  // A reader that has the old file open goes on with all of it.
  const fs::path old = temp_.file("old");
  fs::create_hard_link(folder_ / "ssh-keys/ann", old);
  hold({{"resolv.conf", "one\n"}, {"ssh-keys/ann", "another\n"}, {"ssh-keys/bob", "key\n"}});
  EXPECT_EQ(facts("resolv.conf").st_ino, kept);
  EXPECT_NE(facts("ssh-keys/ann").st_ino, replaced);
  EXPECT_EQ(text("ssh-keys/ann"), "another\n");
  EXPECT_EQ(read_file(old.string()), "key\n");
}

TEST_F(FolderTest, ForgetsUsersWhoAreGone) {
  hold(files_);
  hold({{"resolv.conf", "one\n"}, {"ssh-keys/bob", "key\n"}});
  EXPECT_EQ(names(), (std::set<std::string>{"resolv.conf", "ssh-keys", "ssh-keys/bob"}));
  hold({{"resolv.conf", "one\n"}});
  EXPECT_EQ(names(), (std::set<std::string>{"resolv.conf"}));
}

// Of an attempt that was cut short, or of whoever else was here.
TEST_F(FolderTest, LeavesNothingOfOthersAndFollowsNoLink) {
  hold(files_);
  const std::string other = temp_.file("other");
  store::write_file(other, "not ours\n");
  store::write_file((folder_ / "resolv.conf.new").string(), "half");
  fs::remove(folder_ / "ssh-keys/ann");
  fs::create_symlink(other, folder_ / "ssh-keys/ann");
  fs::create_symlink(other, folder_ / "ssh-keys/bob.new");
  hold({{"resolv.conf", "two\n"}, {"ssh-keys/ann", "not ours\n"}, {"ssh-keys/bob", "new\n"}});
  EXPECT_EQ(read_file(other), "not ours\n");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder_ / "ssh-keys/ann")));
  EXPECT_EQ(names(),
            (std::set<std::string>{"resolv.conf", "ssh-keys", "ssh-keys/ann", "ssh-keys/bob"}));
}

// Any name may be a user's, so that no file of keys is made under another one in the folder.
TEST_F(FolderTest, TakesUsersWhoseNamesLookLikeItsOwn) {
  const Files files{{"ssh-keys/ann", "a\n"}, {"ssh-keys/ann.new", "b\n"}};
  hold({{"ssh-keys/ann", "old\n"}, {"ssh-keys/ann.new", "b\n"}});
  const auto kept = facts("ssh-keys/ann.new").st_ino;
  hold(files);
  EXPECT_EQ(text("ssh-keys/ann"), "a\n");
  EXPECT_EQ(text("ssh-keys/ann.new"), "b\n");
  EXPECT_EQ(facts("ssh-keys/ann.new").st_ino, kept);
  EXPECT_FALSE(fs::exists(temp_.file(".system.new")));
}

// What was taken away is not to open because the disk is full.
TEST_F(FolderTest, RemovesKeysThatItCannotReplaceAndKeepsTheRest) {
  hold(files_);
  fs::create_directories(temp_.file(".system.new") + "/in the way");
  const auto held = hold_files(
      folder_, {{"resolv.conf", "two\n"}, {"ssh-keys/ann", "new\n"}, {"ssh-keys/bob", "key\n"}});
  ASSERT_FALSE(held);
  EXPECT_THAT(held.error().text, HasSubstr("/.system.new cannot be written: "));
  EXPECT_EQ(text("resolv.conf"), "one\n");
  EXPECT_EQ(text("ssh-keys/bob"), "key\n");
  EXPECT_EQ(names(), (std::set<std::string>{"resolv.conf", "ssh-keys", "ssh-keys/bob"}));
}

TEST_F(FolderTest, WritesNothingThroughALinkInPlaceOfAFolder) {
  hold({});
  const fs::path other = temp_.file("other");
  fs::create_directory(other);
  store::write_file((other / "not ours").string(), "");
  fs::create_directory_symlink(other, folder_ / "ssh-keys");
  EXPECT_FALSE(hold_files(folder_, files_));
  EXPECT_FALSE(fs::exists(other / "ann"));
  EXPECT_TRUE(fs::exists(other / "not ours"));
  EXPECT_EQ(text("resolv.conf"), "one\n");
  hold(files_);
  EXPECT_EQ(text("ssh-keys/ann"), "key\n");
}

TEST_F(FolderTest, TellsWhatCannotBeWrittenAndWritesTheRest) {
  hold(files_);
  fs::remove(folder_ / "resolv.conf");
  fs::create_directories(folder_ / "resolv.conf/in the way");
  const auto held = hold_files(folder_, {{"resolv.conf", "two\n"}, {"ssh-keys/ann", "new\n"}});
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().id, "E-411");
  EXPECT_THAT(held.error().text, HasSubstr("resolv.conf cannot be written: Is a directory"));
  EXPECT_EQ(text("ssh-keys/ann"), "new\n");
}

TEST_F(FolderTest, WhereNothingCanBeMadeSaysSo) {
  const auto held = hold_files("/proc/no-such-place", files_);
  ASSERT_FALSE(held);
  EXPECT_THAT(held.error().text, HasSubstr("/proc/no-such-place cannot be written"));
}

}  // namespace
}  // namespace yoke::system
