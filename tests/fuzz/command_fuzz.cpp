// SPDX-License-Identifier: Apache-2.0
// A line as somebody may type it, or write it into a file of set-commands.
#include <cstdlib>
#include <string_view>

#include "mgmt/model/commands.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto operations = yoke::model::parse_command(line);
  if (!operations && operations.error().column > static_cast<int>(line.size())) std::abort();
  return 0;
}
