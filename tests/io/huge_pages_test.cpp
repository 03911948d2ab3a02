// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/huge_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace yoke::io {
namespace {

class HugePageTree : public ::testing::Test {
 protected:
  HugePageTree() { std::filesystem::create_directories(root_); }
  ~HugePageTree() override { std::filesystem::remove_all(root_); }
  void add(const std::string& folder, const std::string& free) const {
    std::filesystem::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "free_hugepages") << free << '\n';
  }
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("yoke-huge-pages-" + std::to_string(::getpid()));
};

TEST_F(HugePageTree, FreePagesOfAllSizesAddUp) {
  add("hugepages-2048kB", "64");
  add("hugepages-1048576kB", "1");
  const auto count = count_free_huge_pages(root_);
  EXPECT_EQ(count.free_mib, 128u + 1024u);
  EXPECT_EQ(count.page_kib, 1048576u);
}

TEST_F(HugePageTree, ASizeWithoutFreePagesDoesNotCount) {
  add("hugepages-2048kB", "3");
  add("hugepages-1048576kB", "0");
  const auto count = count_free_huge_pages(root_);
  EXPECT_EQ(count.free_mib, 6u);
  EXPECT_EQ(count.page_kib, 2048u);
}

TEST_F(HugePageTree, WhatIsNoSizeIsPassedOver) {
  add("hugepages-kB", "3");
  add("pages-2048kB", "3");
  add("hugepages-2048kB", "many");
  EXPECT_EQ(count_free_huge_pages(root_).free_mib, 0u);
}

TEST(HugePages, AKernelWithoutHasNone) {
  EXPECT_EQ(count_free_huge_pages("/nonexistent").free_mib, 0u);
}

}  // namespace
}  // namespace yoke::io
