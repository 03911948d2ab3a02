// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/platform.h"

// How the hardware stands: a file below run/yoke-hardware that `yoke-board report` writes, which
// may see what takes root, for yoke-mgmt, which may not. Threads: values, any.
namespace yoke::hal {

// What an item is of, and in which unit its value is.
enum class HardwarePart : std::uint8_t {
  kTemperature,  // degrees Celsius
  kFan,          // revolutions a minute
  kVoltage,      // volts
  kPower,        // watts
  kSupply,       // 1 there, 0 lost; or as a sensor that stands for it
  kLink,         // of the kernel's interfaces: 1, 0
  kModule,       // degrees Celsius
  kModuleRx,     // milliwatts
  kModuleTx,
  kDisk,      // percent of its life that is over
  kWatchdog,  // 1: the last reset was its doing
};

enum class HardwareState : std::uint8_t { kOk, kAlarm, kCritical };

struct HardwareItem {
  HardwarePart part{};
  std::string name;             // "cpu"; of one part no two have one name
  std::optional<double> value;  // nothing: not told
  HardwareState state = HardwareState::kOk;
  std::string text;  // "41.5 C"; of what is not ok also why: "96.0 C, above 95.0"
  // What it takes from a unit of a pair while it is not ok; 0: all. Nothing: nothing.
  std::optional<unsigned> weight = {};
  friend bool operator==(const HardwareItem&, const HardwareItem&) = default;
};

struct HardwareReport {
  std::uint64_t uptime_s = 0;  // of the machine, as it was made
  Identity identity;
  std::vector<HardwareItem> items;  // by part, then by name
  friend bool operator==(const HardwareReport&, const HardwareReport&) = default;
};

// "temperature", "module-rx".
[[nodiscard]] std::string_view word(HardwarePart part) noexcept;
[[nodiscard]] std::string_view word(HardwareState state) noexcept;  // "ok", "alarm", "critical"

[[nodiscard]] std::string to_text(const HardwareReport& report);
// E-391 where it is none, or a newer release's. An item that makes no sense is left out.
[[nodiscard]] Result<HardwareReport> read_hardware_report(std::string_view text);

}  // namespace yoke::hal
