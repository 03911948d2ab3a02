// SPDX-License-Identifier: Apache-2.0
// The label of a backup, as somebody may hand it in.
#include <cstdlib>
#include <string_view>

#include "mgmt/store/backup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::store;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto label = read_label(line);
  if (!label) return 0;
  // What was read is written the same way, and means the same; text that is not UTF-8 is none.
  std::string written = label_line(*label);
  written.pop_back();
  const auto again = read_label(written);
  if (written.size() < kLabelBytesMax && (!again || !(*again == *label))) std::abort();
  return 0;
}
