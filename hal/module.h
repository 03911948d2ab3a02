// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hal/base/result.h"

// What an optical or copper module says of itself: SFP and SFP+ by SFF-8472, QSFP+ and QSFP28 by
// SFF-8636, from the bytes as the kernel gives them (ETHTOOL_GMODULEEEPROM). Pure. Threads: any.
namespace yoke::hal {

struct ModuleLane {
  std::optional<double> rx_mw = {}, tx_mw = {};
  friend bool operator==(const ModuleLane&, const ModuleLane&) = default;
};

struct Module {
  std::string type;  // "SFP", "QSFP28"
  std::string vendor, part, serial;
  // Nothing: it does not measure that.
  std::optional<double> temperature_celsius = {}, voltage_volts = {};
  std::vector<ModuleLane> lanes = {};  // one, or four
  // Its maker's own limits, below which it gives alarm.
  std::optional<double> rx_low_mw = {}, tx_low_mw = {};
  friend bool operator==(const Module&, const Module&) = default;
};

// E-390 for bytes that are no such module's, too few of them, or such as its checksum does not
// agree with.
[[nodiscard]] Result<Module> read_module(std::span<const std::uint8_t> bytes);

// "-3.2 dBm"; "no light" of nothing at all.
[[nodiscard]] std::string power_text(double mw);

}  // namespace yoke::hal
