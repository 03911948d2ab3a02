// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "hal/module.h"

// Any bytes as the memory of a module, also such as agree with their checksum: figures are finite,
// and texts can be printed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::hal;
  std::vector<std::uint8_t> bytes(data, data + size);
  (void)read_module(bytes);
  if (bytes.size() < 256) return 0;
  const std::ptrdiff_t from = bytes[0] == 3 ? 0 : 128, to = bytes[0] == 3 ? 63 : 191;
  bytes[static_cast<std::size_t>(to)] =
      static_cast<std::uint8_t>(std::accumulate(bytes.begin() + from, bytes.begin() + to, 0U));
  const auto module = read_module(bytes);
  if (!module) return 0;
  for (const char c : module->vendor + module->part + module->serial) {
    if (c < ' ' || c > '~') std::abort();
  }
  if (!std::isfinite(module->temperature_celsius.value_or(0))) std::abort();
  for (const ModuleLane& lane : module->lanes) {
    if (!std::isfinite(lane.rx_mw.value_or(0)) || !std::isfinite(lane.tx_mw.value_or(0))) {
      std::abort();
    }
    (void)power_text(lane.rx_mw.value_or(0));
  }
  return 0;
}
