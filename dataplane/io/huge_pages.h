// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

// Threads: any.
namespace yoke::io {

struct HugePageCount {
  std::uint64_t free_mib = 0;
  std::uint64_t page_kib = 0;  // of the largest free ones; 0: the kernel has none of any size
};

// `directory` is where the kernel lists them, one folder a size.
[[nodiscard]] HugePageCount count_free_huge_pages(
    const std::filesystem::path& directory = "/sys/kernel/mm/hugepages");

}  // namespace yoke::io
