// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "hal/board.h"
#include "hal/hardware_report.h"
#include "hal/platform.h"

// How the hardware stands at this moment, by the limits of the board file and the drivers. Threads:
// any.
namespace yoke::hal {

// A reset by the watchdog is an alarm for so long after it.
inline constexpr std::chrono::hours kResetTold{24};
// Of a disk's life, in percent.
inline constexpr unsigned kWornPercent = 80;

// `hardware`: what the board file says, nothing where there is none that can be used. `before`: the
// look before this one; what was not ok then is ok again only well within its limit, so that
// nothing flutters.
[[nodiscard]] HardwareReport look_at_hardware(const Platform& machine, const Board* board,
                                              std::chrono::seconds uptime,
                                              const HardwareReport& before);

}  // namespace yoke::hal
