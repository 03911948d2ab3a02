// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hal/hardware_report.h"

// Any bytes as a report of the hardware: what is read is written so that it is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::hal;
  const auto report = read_hardware_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  const auto again = read_hardware_report(to_text(*report));
  if (!again || *again != *report) std::abort();
  return 0;
}
