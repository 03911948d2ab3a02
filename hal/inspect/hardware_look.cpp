// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/hardware_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

#include "hal/device.h"
#include "hal/module.h"

namespace yoke::hal {
namespace {

// By how much a value is to be within its limit again: degrees, else a part of the limit.
constexpr double kDegreesBack = 3, kPartBack = 0.03;
// What a driver says of temperatures is taken for a limit only where it could be one.
constexpr double kDegreesSane = 150;

struct Limits {
  std::optional<double> low, high, critical;
};

HardwarePart part_of(const Reading& reading, const BoardSensor* named) {
  const bool is_supply = reading.kind == SensorKind::kSupply || (named && named->is_supply);
  if (is_supply) return HardwarePart::kSupply;
  switch (reading.kind) {
    case SensorKind::kTemperature:
      return HardwarePart::kTemperature;
    case SensorKind::kFan:
      return HardwarePart::kFan;
    case SensorKind::kVoltage:
      return HardwarePart::kVoltage;
    case SensorKind::kPower:
      return HardwarePart::kPower;
    case SensorKind::kSupply:
      break;
  }
  return HardwarePart::kSupply;
}

std::string number_text(SensorKind kind, double value) {
  switch (kind) {
    case SensorKind::kTemperature:
      return fmt::format("{:.1f} C", value);
    case SensorKind::kFan:
      return fmt::format("{:.0f} rpm", value);
    case SensorKind::kVoltage:
      return fmt::format("{:.2f} V", value);
    case SensorKind::kPower:
      return fmt::format("{:.1f} W", value);
    case SensorKind::kSupply:
      break;
  }
  return value > 0 ? "there" : "lost";
}

class Look {
 public:
  Look(const Platform& machine, const Board* board, const HardwareReport& before)
      : machine_(machine), board_(board), before_(before) {}

  std::vector<HardwareItem> run(std::chrono::seconds uptime) {
    look_at_sensors();
    look_at_interfaces();
    look_at_disks();
    look_at_watchdogs(uptime);
    const auto key = [](const HardwareItem& item) { return std::tie(item.part, item.name); };
    std::ranges::stable_sort(items_, {}, key);
    const auto again = std::unique(items_.begin(), items_.end(),
                                   [&key](const HardwareItem& one, const HardwareItem& other) {
                                     return key(one) == key(other);
                                   });
    items_.erase(again, items_.end());
    return std::move(items_);
  }

 private:
  [[nodiscard]] HardwareState state_before(HardwarePart part, const std::string& name) const {
    const auto found = std::ranges::find_if(before_.items, [&](const HardwareItem& item) {
      return item.part == part && item.name == name;
    });
    return found == before_.items.end() ? HardwareState::kOk : found->state;
  }

  [[nodiscard]] const std::vector<BoardSensor>& named() const {
    static const std::vector<BoardSensor> kNone;
    return board_ == nullptr ? kNone : board_->hardware.sensors;
  }

  void look_at_sensors() {
    const auto readings = machine_.readings();
    std::vector<bool> is_there(named().size(), false);
    for (const Reading& reading : readings) {
      const BoardSensor* sensor = nullptr;
      for (std::size_t i = 0; i < named().size() && sensor == nullptr; ++i) {
        if (is_there[i] || !is_source(named()[i].source.value, reading.source)) continue;
        is_there[i] = true;
        sensor = &named()[i];
      }
      look_at(reading, sensor);
    }
    for (std::size_t i = 0; i < named().size(); ++i) {
      if (is_there[i]) continue;
      look_at({.kind = named()[i].kind, .source = named()[i].source.value}, &named()[i]);
    }
  }

  void look_at(const Reading& reading, const BoardSensor* sensor) {
    HardwareItem item{.part = part_of(reading, sensor),
                      .name = sensor != nullptr ? sensor->name : reading.source,
                      .value = reading.value,
                      .text = {}};
    if (sensor != nullptr) item.weight = sensor->weight;
    if (!reading.value) {
      // Of what the file names it is known that it should answer.
      item.text = "does not answer";
      if (sensor != nullptr) item.state = HardwareState::kAlarm;
    } else {
      item.text = number_text(reading.kind, *reading.value);
      judge(item, reading, limits_of(reading, sensor));
    }
    if (sensor == nullptr && !reading.label.empty()) item.text += ", " + reading.label;
    items_.push_back(std::move(item));
  }

  static Limits limits_of(const Reading& reading, const BoardSensor* sensor) {
    const bool has_own = sensor != nullptr && (sensor->low || sensor->high || sensor->critical);
    if (has_own) return {sensor->low, sensor->high, sensor->critical};
    Limits limits;
    if (reading.kind == SensorKind::kTemperature) {
      const auto sane = [](std::optional<double> limit) {
        return limit && *limit > 0 && *limit < kDegreesSane ? limit : std::nullopt;
      };
      limits.high = sane(reading.high);
      limits.critical = sane(reading.critical);
    } else if (reading.kind == SensorKind::kFan) {
      if (reading.low.value_or(0) > 0) limits.low = reading.low;
      // One that is named is there, and is to turn.
      if (!limits.low && sensor != nullptr) limits.low = 1;
    }
    return limits;
  }

  void judge(HardwareItem& item, const Reading& reading, const Limits& limits) const {
    const double value = *reading.value;
    const bool was_ok = state_before(item.part, item.name) == HardwareState::kOk;
    const bool was_critical = state_before(item.part, item.name) == HardwareState::kCritical;
    const auto back = [&reading](double limit) {
      return reading.kind == SensorKind::kTemperature ? kDegreesBack : std::abs(limit) * kPartBack;
    };
    const auto is_above = [&](const std::optional<double>& limit, bool eased) {
      return limit && value > *limit - (eased ? back(*limit) : 0);
    };
    const auto tell = [&](HardwareState state, std::string_view how, double limit) {
      item.state = state;
      item.text += fmt::format(", {} {}", how, number_text(reading.kind, limit));
    };
    const bool is_lost = item.part == HardwarePart::kSupply && !(value > 0);
    if (is_lost) {
      item.state = HardwareState::kAlarm;
    } else if (is_above(limits.critical, was_critical)) {
      tell(HardwareState::kCritical, "critical from", *limits.critical);
    } else if (is_above(limits.high, !was_ok)) {
      tell(HardwareState::kAlarm, "limit", *limits.high);
    } else if (limits.low && value < *limits.low + (was_ok ? 0 : back(*limits.low))) {
      tell(HardwareState::kAlarm, "at least", *limits.low);
    }
  }

  // As the board file calls it; else as the kernel does.
  [[nodiscard]] std::string name_of(const Nic& nic) const {
    if (board_ == nullptr) return nic.interface;
    for (const BoardInterface& interface : board_->hardware.interfaces) {
      if (interface.slot.value == nic.slot) return interface.name;
    }
    for (const BoardPort& port : board_->ports) {
      const auto device = Device::parse(port.device.value);
      if (device && device->kind == Device::Kind::kPci && device->argument == nic.slot) {
        return port.name;
      }
    }
    return nic.interface;
  }

  void look_at_interfaces() {
    for (const Nic& nic : machine_.nics()) {
      if (nic.interface.empty()) continue;
      const std::string name = name_of(nic);
      HardwareItem link{.part = HardwarePart::kLink, .name = name, .value = {}, .text = "not up"};
      if (nic.link) {
        link.value = *nic.link ? 1 : 0;
        link.text = !*nic.link       ? "no link"
                    : nic.speed_mbps ? fmt::format("{} Mb/s", *nic.speed_mbps)
                                     : "link";
      }
      if (!nic.mac.empty()) link.text += ", " + nic.mac;
      items_.push_back(std::move(link));
      const auto bytes = machine_.module_bytes(nic.interface);
      if (!bytes) continue;
      if (const auto module = read_module(*bytes)) look_at(*module, name, nic.link == true);
    }
  }

  // No light without a link is the link's business.
  void look_at(const Module& module, const std::string& name, bool has_link) {
    HardwareItem item{
        .part = HardwarePart::kModule,
        .name = name,
        .value = module.temperature_celsius,
        .text = fmt::format("{} {} {} {}", module.type, module.vendor, module.part, module.serial)};
    items_.push_back(std::move(item));
    for (std::size_t i = 0; i < module.lanes.size(); ++i) {
      const std::string lane = module.lanes.size() == 1 ? name : fmt::format("{}.{}", name, i + 1);
      add_light(HardwarePart::kModuleRx, lane, module.lanes[i].rx_mw, module.rx_low_mw, has_link);
      add_light(HardwarePart::kModuleTx, lane, module.lanes[i].tx_mw, module.tx_low_mw, has_link);
    }
  }

  void add_light(HardwarePart part, const std::string& name, std::optional<double> mw,
                 std::optional<double> low, bool has_link) {
    if (!mw) return;
    HardwareItem item{.part = part, .name = name, .value = mw, .text = power_text(*mw)};
    const bool was_ok = state_before(part, name) == HardwareState::kOk;
    // A tenth more than the limit is half a decibel.
    if (has_link && low && *mw < *low * (was_ok ? 1 : 1.1)) {
      item.state = HardwareState::kAlarm;
      item.text += ", at least " + power_text(*low);
    }
    items_.push_back(std::move(item));
  }

  void look_at_disks() {
    for (const Disk& disk : machine_.disks()) {
      HardwareItem item{
          .part = HardwarePart::kDisk, .name = disk.name, .value = {}, .text = disk.model};
      if (disk.wear_percent) {
        item.value = *disk.wear_percent;
        item.text = fmt::format("{} % worn, {}", *disk.wear_percent, disk.model);
        if (*disk.wear_percent >= kWornPercent) item.state = HardwareState::kAlarm;
      }
      items_.push_back(std::move(item));
    }
  }

  void look_at_watchdogs(std::chrono::seconds uptime) {
    for (const WatchdogState& watchdog : machine_.watchdogs()) {
      HardwareItem item{
          .part = HardwarePart::kWatchdog,
          .name = watchdog.device.substr(watchdog.device.rfind('/') + 1),
          .value = {},
          .text = fmt::format("{}, {} s", watchdog.identity, watchdog.timeout.count())};
      if (watchdog.has_reset) item.value = *watchdog.has_reset ? 1 : 0;
      if (watchdog.has_reset == true) {
        item.text += ", it has reset the machine";
        if (uptime < kResetTold) item.state = HardwareState::kAlarm;
      }
      items_.push_back(std::move(item));
    }
  }

  const Platform& machine_;
  const Board* board_;
  const HardwareReport& before_;
  std::vector<HardwareItem> items_;
};

}  // namespace

HardwareReport look_at_hardware(const Platform& machine, const Board* board,
                                std::chrono::seconds uptime, const HardwareReport& before) {
  return {.uptime_s = static_cast<std::uint64_t>(uptime.count()),
          .identity = machine.identity(),
          .items = Look(machine, board, before).run(uptime)};
}

}  // namespace yoke::hal
