// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/shared_page.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace yoke::hal {
namespace {

constexpr std::size_t kBytes = 4096;

class SharedPageFile : public ::testing::Test {
 protected:
  SharedPageFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "yoke-page-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "page";
  }
  ~SharedPageFile() override {
    std::error_code none;
    std::filesystem::remove_all(folder_, none);
  }
  [[nodiscard]] std::unique_ptr<SharedPage> writer() const {
    auto page = SharedPage::open(path_, kBytes);
    return page ? std::move(*page) : nullptr;
  }
  static std::uint8_t& first(const SharedPage& page) {
    return *static_cast<std::uint8_t*>(page.memory());
  }
  [[nodiscard]] std::uint8_t seen(std::size_t at = 0) const {
    return static_cast<const volatile std::uint8_t*>(view_->memory())[at];
  }
  // Takes what begins with a 7.
  bool follow() {
    return view_->follow(path_, [](const void* memory) {
      return *static_cast<const volatile std::uint8_t*>(memory) == 7;
    });
  }

  std::filesystem::path folder_, path_;
  std::unique_ptr<SharedPageView> view_ = SharedPageView::make(kBytes);
};

TEST_F(SharedPageFile, ReadersSeeWhatIsWrittenWhoeverComesFirst) {
  EXPECT_FALSE(follow()) << "there is none yet";
  EXPECT_EQ(seen(), 0);
  const auto page = writer();
  ASSERT_TRUE(page);
  first(*page) = 7;
  EXPECT_EQ(seen(), 0) << "not looked for yet";
  EXPECT_TRUE(follow());
  EXPECT_EQ(seen(), 7);
  static_cast<std::uint8_t*>(page->memory())[4095] = 9;
  EXPECT_EQ(seen(4095), 9);
  EXPECT_TRUE(page->is_shared());
}

TEST_F(SharedPageFile, WhatIsWrittenStaysForTheNextWriter) {
  first(*writer()) = 7;
  EXPECT_TRUE(follow());
  const auto page = writer();
  EXPECT_EQ(first(*page), 7);
  first(*page) = 8;
  EXPECT_EQ(seen(), 8) << "the very same memory";
}

TEST_F(SharedPageFile, OneWritesAtATime) {
  const auto page = writer();
  EXPECT_EQ(SharedPage::open(path_, kBytes).error(), EWOULDBLOCK);
}

TEST_F(SharedPageFile, WhatIsNotAcceptedIsNeverShown) {
  const auto page = writer();
  first(*page) = 1;
  EXPECT_FALSE(follow());
  EXPECT_EQ(seen(), 0);
  first(*page) = 7;
  EXPECT_TRUE(follow());
  first(*page) = 1;
  EXPECT_EQ(seen(), 1) << "until it is looked at again";
  EXPECT_FALSE(follow());
  EXPECT_EQ(seen(), 0);
}

TEST_F(SharedPageFile, AFileThatIsShortIsNone) {
  std::ofstream(path_) << char{7};
  EXPECT_FALSE(follow());
}

TEST_F(SharedPageFile, WhatIsNoFileIsNone) {
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(follow());
  EXPECT_FALSE(SharedPage::open(path_, kBytes));
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(follow());
  EXPECT_EQ(SharedPage::open(path_, kBytes).error(), EINVAL);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/etc/passwd", path_);
  EXPECT_FALSE(follow());
  EXPECT_FALSE(SharedPage::open(path_, kBytes));
}

TEST_F(SharedPageFile, AFileCutShortReadsAsZerosAndKillsNobody) {
  auto page = writer();
  first(*page) = 7;
  ASSERT_TRUE(follow());
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(seen(), 0) << "where the kernel would end us";
  EXPECT_EQ(seen(4095), 0);
  EXPECT_FALSE(page->is_shared());
  first(*page) = 7;
  EXPECT_FALSE(follow()) << "nobody sees what the writer writes now";
  page.reset();
  page = writer();
  first(*page) = 7;
  EXPECT_TRUE(follow());
  EXPECT_EQ(seen(), 7);
}

// Its writer writes to memory that is nobody's but his own from then on, whatever the file looks
// like by the time he asks.
TEST_F(SharedPageFile, AFileThatWasCutShortAndMadeWholeIsSharedOnceItIsOpenedAnew) {
  auto page = writer();
  first(*page) = 7;
  ASSERT_TRUE(follow());
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  first(*page) = 7;
  ASSERT_EQ(::truncate(path_.c_str(), kBytes), 0);
  EXPECT_FALSE(page->is_shared());
  EXPECT_FALSE(page->is_shared()) << "and stays so";
  EXPECT_FALSE(follow());
  page.reset();
  page = writer();
  first(*page) = 7;
  EXPECT_TRUE(page->is_shared());
  EXPECT_TRUE(follow());
  first(*page) = 8;
  EXPECT_EQ(seen(), 8);
}

// It is cut short right as it is mapped, while others read.
TEST_F(SharedPageFile, AViewHealsWheneverTheFileWasCutShort) {
  const auto page = writer();
  std::atomic<bool> ends{false};
  std::jthread reader([&] {
    while (!ends) (void)seen();
  });
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(::truncate(path_.c_str(), kBytes), 0);
    (void)view_->follow(path_, [&](const void*) { return ::truncate(path_.c_str(), 0) == 0; });
    std::ofstream(path_) << std::string(kBytes, '\7');
    EXPECT_TRUE(follow()) << round;
    EXPECT_EQ(seen(), 7) << round;
  }
  ends = true;
}

TEST_F(SharedPageFile, WhatIsWrongWithAFileIsTold) {
  using enum SharedPageView::Sight;
  EXPECT_EQ(view_->sight(), kMissing);
  auto page = writer();
  (void)follow();
  EXPECT_EQ(view_->sight(), kRefused);
  first(*page) = 7;
  (void)follow();
  EXPECT_EQ(view_->sight(), kShown);
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  (void)follow();
  EXPECT_EQ(view_->sight(), kNoFile);
  page.reset();
  std::filesystem::remove(path_);
  (void)follow();
  EXPECT_EQ(view_->sight(), kMissing);
  std::filesystem::create_directory(path_);
  (void)follow();
  EXPECT_EQ(view_->sight(), kNoFile);
}

TEST_F(SharedPageFile, ManyThreadsMayMeetTheEndOfTheFileAtOnce) {
  const auto page = writer();
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(::truncate(path_.c_str(), kBytes), 0);
    const auto again = [&] {
      std::ofstream(path_) << std::string(kBytes, '\7');
      return follow();
    };
    ASSERT_TRUE(again());
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([this] {
        while (seen() != 0) {
        }
      });
    }
    ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  }
}

TEST_F(SharedPageFile, AFileThatIsReplacedOrRemovedIsNotReadOn) {
  const auto page = writer();
  first(*page) = 7;
  ASSERT_TRUE(follow());
  std::filesystem::remove(path_);
  EXPECT_FALSE(page->is_shared());
  EXPECT_FALSE(follow());
  EXPECT_EQ(seen(), 0);
  const auto other = writer();
  first(*other) = 7;
  EXPECT_TRUE(follow());
  first(*other) = 8;
  EXPECT_EQ(seen(), 8);
}

TEST_F(SharedPageFile, OtherBusErrorsStillEndTheProcess) {
  const auto page = writer();
  EXPECT_EXIT((void)::raise(SIGBUS), ::testing::KilledBySignal(SIGBUS), "");
}

TEST(BootId, IsOneWordAndStays) {
  EXPECT_EQ(boot_id().size(), 36u);
  EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace yoke::hal
