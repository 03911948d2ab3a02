// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/huge_pages.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "hal/base/number.h"

namespace yoke::io {
namespace {

constexpr std::string_view kPrefix = "hugepages-";  // then "2048kB"

}  // namespace

HugePageCount count_free_huge_pages(const std::filesystem::path& directory) {
  HugePageCount count;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with("kB")) continue;
    const auto kib = parse_decimal(
        std::string_view(name).substr(kPrefix.size(), name.size() - kPrefix.size() - 2));
    std::string text;
    std::getline(std::ifstream(entry.path() / "free_hugepages"), text);
    const auto pages = parse_decimal(text);
    if (!kib || !pages || *pages == 0) continue;
    count.free_mib += *kib * *pages / 1024;
    count.page_kib = std::max(count.page_kib, *kib);
  }
  return count;
}

}  // namespace yoke::io
