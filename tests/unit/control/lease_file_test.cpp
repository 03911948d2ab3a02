// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/lease_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "dataplane/api/lease_writer.h"
#include "dataplane/api/messages.h"

namespace yoke::control {
namespace {

using std::chrono::milliseconds;

class LeaseFolder : public ::testing::Test {
 protected:
  LeaseFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "yoke-lease-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "lease";
    file_ = std::make_unique<LeaseFile>(path_);
  }
  ~LeaseFolder() override {
    std::error_code none;
    std::filesystem::remove_all(folder_, none);
  }
  // As yoke-pair does; of the boot of this id.
  [[nodiscard]] std::unique_ptr<hal::SharedPage> grant(const std::string& boot) const {
    auto page = hal::SharedPage::open(path_, sizeof(api::LeasePage));
    EXPECT_TRUE(page);
    api::LeaseWriter writer(*static_cast<api::LeasePage*>((*page)->memory()), boot);
    writer.grant(*writer.claim("blue"), 1, api::LeaseClock::now() + milliseconds(4000));
    return std::move(*page);
  }
  [[nodiscard]] bool holds() const {
    const std::uint64_t blue = api::group_identity("blue");
    const auto line = file_->page().find(blue);
    return line && file_->page().lines[*line].holds(blue, api::LeaseClock::now());
  }

  std::filesystem::path folder_, path_;
  std::unique_ptr<LeaseFile> file_;
};

TEST_F(LeaseFolder, ALeaseIsSeenOnceThereIsAPageWithOne) {
  EXPECT_FALSE(file_->follow());
  EXPECT_FALSE(std::filesystem::exists(path_)) << "to make it is the writer's";
  EXPECT_FALSE(holds());
  const auto page = grant(hal::boot_id());
  EXPECT_TRUE(file_->follow());
  EXPECT_TRUE(holds());
}

TEST_F(LeaseFolder, APageOfAnEarlierBootIsNone) {
  const auto page = grant("0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10");
  EXPECT_FALSE(file_->follow());
  EXPECT_FALSE(holds());
}

TEST_F(LeaseFolder, AFileThatIsShortLongOrSomethingElseIsNone) {
  for (const std::string& text : {std::string(), std::string("YOKELEAS"), std::string(4095, 'x'),
                                  std::string(4096, 'x'), std::string(10'000, '\0')}) {
    std::ofstream(path_, std::ios::trunc) << text;
    EXPECT_FALSE(file_->follow()) << text.size();
    EXPECT_FALSE(holds());
  }
}

TEST_F(LeaseFolder, WhyThereIsNoneIsTold) {
  EXPECT_EQ(file_->trouble(), api::leases::kNoPage);
  { const auto page = grant("0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10"); }
  (void)file_->follow();
  EXPECT_EQ(file_->trouble(), api::leases::kOtherBoot);
  {
    const auto page = grant(hal::boot_id());
    (void)file_->follow();
    EXPECT_EQ(file_->trouble(), "");
    auto& header = static_cast<api::LeasePage*>(page->memory())->header;
    header.version = header.oldest = api::LeaseHeader::kVersion + 1;
  }
  (void)file_->follow();
  EXPECT_EQ(file_->trouble(), api::leases::kOtherVersion);
  std::ofstream(path_, std::ios::trunc) << std::string(4096, 'x');
  (void)file_->follow();
  EXPECT_EQ(file_->trouble(), api::leases::kNoFile);
  std::ofstream(path_, std::ios::trunc) << "short";
  (void)file_->follow();
  EXPECT_EQ(file_->trouble(), api::leases::kNoFile);
}

TEST_F(LeaseFolder, ALeaseIsGoneWithItsPage) {
  auto page = grant(hal::boot_id());
  ASSERT_TRUE(file_->follow());
  ASSERT_EQ(::truncate(path_.c_str(), 100), 0);
  EXPECT_FALSE(file_->follow());
  EXPECT_FALSE(holds());
  page.reset();
  page = grant(hal::boot_id());
  EXPECT_TRUE(file_->follow());
  EXPECT_TRUE(holds());
  static_cast<api::LeasePage*>(page->memory())->header.magic = {};
  EXPECT_FALSE(file_->follow()) << "somebody wrote over it";
  EXPECT_FALSE(holds());
}

}  // namespace
}  // namespace yoke::control
