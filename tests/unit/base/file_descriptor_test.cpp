// SPDX-License-Identifier: Apache-2.0
#include "hal/base/file_descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace yoke {
namespace {

static_assert(!std::is_copy_constructible_v<FileDescriptor>);
static_assert(!std::is_copy_assignable_v<FileDescriptor>);
static_assert(!std::is_convertible_v<int, FileDescriptor>, "a number is not taken by accident");

int opened() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(fd, 0);
  return fd;
}
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(FileDescriptor, ClosesWhatItOwnsWhenItEnds) {
  const int fd = opened();
  {
    const FileDescriptor owner(fd);
    EXPECT_EQ(owner.get(), fd);
    EXPECT_TRUE(owner);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(FileDescriptor, OwnsNothingUntilItIsGivenSomething) {
  const FileDescriptor none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), -1);
  EXPECT_FALSE(FileDescriptor(-1));
}

TEST(FileDescriptor, ZeroIsADescriptor) {
  FileDescriptor zero(0);
  EXPECT_TRUE(zero);
  EXPECT_EQ(zero.release(), 0) << "or this would close standard input";
}

TEST(FileDescriptor, MovingHandsOwnershipOn) {
  const int fd = opened();
  FileDescriptor first(fd);
  FileDescriptor second(std::move(first));
  EXPECT_EQ(second.get(), fd);
  EXPECT_EQ(first.get(), -1);  // NOLINT(bugprone-use-after-move): it says what is left
  FileDescriptor third(opened());
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), fd);
  EXPECT_FALSE(is_open(replaced)) << "what it owned before is closed";
  EXPECT_TRUE(is_open(fd));
}

TEST(FileDescriptor, MovingOntoItselfChangesNothing) {
  FileDescriptor owner(opened());
  const int fd = owner.get();
  FileDescriptor& same = owner;
  owner = std::move(same);
  EXPECT_EQ(owner.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(FileDescriptor, ReleasedIsNotClosed) {
  const int fd = opened();
  {
    FileDescriptor owner(fd);
    EXPECT_EQ(owner.release(), fd);
    EXPECT_FALSE(owner);
  }
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(FileDescriptor, ResetClosesOnce) {
  FileDescriptor owner(opened());
  const int fd = owner.get();
  owner.reset();
  EXPECT_FALSE(owner);
  EXPECT_FALSE(is_open(fd));
  const FileDescriptor next(opened());  // takes the number that became free
  owner.reset();
  EXPECT_TRUE(is_open(next.get()));
}

}  // namespace
}  // namespace yoke
