// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hal/hardware_report.h"
#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"

namespace yoke::system {

// Something of the hardware that costs a unit of a pair health while it is not as it should be.
struct HardwareCost {
  std::string name;  // "temperature:cpu"
  bool is_ok = true;
  unsigned weight = 0;  // 0: all of it
  std::string text;
  friend bool operator==(const HardwareCost&, const HardwareCost&) = default;
};

// Follows the report that yoke-board writes. One that is old, or that cannot be read, is an alarm
// and keeps what was known; where there never was one nobody is to look. Threads: the loop's.
class HardwareWatch {
 public:
  static constexpr std::chrono::seconds kLookEvery{2}, kOld{60};

  struct Sources {
    std::filesystem::path report;
    std::function<void()> changed;  // what costs() says is new, or something is wrong or right
    std::function<std::chrono::seconds()> uptime = machine_uptime;  // as the report's
  };

  HardwareWatch(sd_event* loop, Sources sources);

  // Now, and from now on.
  void look();

  // As `show hardware` has them (mgmt/README.md).
  [[nodiscard]] nlohmann::json rows() const;
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;
  [[nodiscard]] std::vector<HardwareCost> costs() const;

  [[nodiscard]] static std::chrono::seconds machine_uptime();

 private:
  [[nodiscard]] std::string read();

  Sources sources_;
  std::optional<hal::HardwareReport> report_;
  std::string failure_;  // why it is not followed; empty: it is, or there never was one
  hal::Timer next_;
};

}  // namespace yoke::system
