// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/hardware_watch.h"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <utility>

#include "hal/errors.h"
#include "hal/linux/durable_file.h"

namespace yoke::system {
namespace {

using events::Kind;
using hal::HardwareItem;
using hal::HardwarePart;
using hal::HardwareState;
using nlohmann::json;

// Keys of which each row has one filled in, or none, by its part.
constexpr std::array kFigures{"celsius",  "rpm",        "volts",          "watts",
                              "supply",   "link",       "module_celsius", "rx_watts",
                              "tx_watts", "wear_ratio", "reset"};
static_assert(kFigures.size() == static_cast<std::size_t>(HardwarePart::kWatchdog) + 1);

constexpr double kMilli = 1e-3, kPercent = 1e-2;

json figure_of(const HardwareItem& item) {
  if (item.part == HardwarePart::kSupply) {
    return item.state == HardwareState::kOk ? "there" : "lost";
  }
  if (!item.value) return nullptr;
  switch (item.part) {
    case HardwarePart::kLink:
      return *item.value > 0 ? "up" : "down";
    case HardwarePart::kModuleRx:
    case HardwarePart::kModuleTx:
      return *item.value * kMilli;
    case HardwarePart::kDisk:
      return *item.value * kPercent;
    case HardwarePart::kTemperature:
    case HardwarePart::kFan:
    case HardwarePart::kVoltage:
    case HardwarePart::kPower:
    case HardwarePart::kSupply:
    case HardwarePart::kModule:
    case HardwarePart::kWatchdog:
      break;
  }
  return *item.value;
}

json row_of(std::string_view part, std::string_view name, std::string_view text) {
  json row{{"part", part}, {"name", name}, {"state", nullptr}, {"text", text}, {"weight", nullptr}};
  for (const char* const key : {"vendor", "model", "serial", "firmware"}) row[key] = nullptr;
  for (const char* const key : kFigures) row[key] = nullptr;
  return row;
}

Kind kind_of(const HardwareItem& item) {
  switch (item.part) {
    case HardwarePart::kSupply:
      return Kind::kSupplyLost;
    case HardwarePart::kModuleRx:
    case HardwarePart::kModuleTx:
      return Kind::kModulePowerLow;
    case HardwarePart::kDisk:
      return Kind::kDiskWorn;
    case HardwarePart::kWatchdog:
      return Kind::kWatchdogReset;
    case HardwarePart::kTemperature:
    case HardwarePart::kFan:
    case HardwarePart::kVoltage:
    case HardwarePart::kPower:
    case HardwarePart::kLink:
    case HardwarePart::kModule:
      break;
  }
  if (!item.value) return Kind::kSensorSilent;
  if (item.part == HardwarePart::kFan) return Kind::kFanStopped;
  if (item.part != HardwarePart::kTemperature) return Kind::kVoltageOff;
  return item.state == HardwareState::kCritical ? Kind::kTemperatureCritical
                                                : Kind::kTemperatureHigh;
}

std::string cost_text(const HardwareItem& item) {
  if (!item.weight) return {};
  if (*item.weight == 0) return "; this unit may not take anything";
  return fmt::format("; this unit's health falls by {}", *item.weight);
}

}  // namespace

std::chrono::seconds HardwareWatch::machine_uptime() {
  timespec since_boot{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return std::chrono::seconds(since_boot.tv_sec);
}

HardwareWatch::HardwareWatch(sd_event* loop, Sources sources)
    : sources_(std::move(sources)), next_(loop, [this] { look(); }) {}

// Why there is nothing to follow; empty where there is, or never was.
std::string HardwareWatch::read() {
  const auto bytes = hal::read_whole(sources_.report, hal::error::kHardwareReport);
  if (!bytes) return bytes.error().text;
  if (!*bytes) return report_ ? "its report is gone" : "";
  auto report = hal::read_hardware_report(**bytes);
  if (!report) return report.error().text;
  const auto uptime = static_cast<std::uint64_t>(sources_.uptime().count());
  const bool is_old = report->uptime_s + static_cast<std::uint64_t>(kOld.count()) < uptime;
  report_ = std::move(*report);
  if (!is_old) return {};
  return fmt::format("it was last looked at {} s ago", uptime - report_->uptime_s);
}

void HardwareWatch::look() {
  const auto before = std::pair(costs(), conditions().size());
  failure_ = read();
  if (before != std::pair(costs(), conditions().size())) sources_.changed();
  next_.start(kLookEvery);
}

json HardwareWatch::rows() const {
  json rows = json::array();
  if (!report_ || !failure_.empty()) return rows;
  const hal::Identity& identity = report_->identity;
  json unit = row_of("unit", identity.model.empty() ? "unknown" : identity.model,
                     fmt::format("{} {}", identity.vendor, identity.serial));
  unit["vendor"] = identity.vendor;
  unit["model"] = identity.model;
  unit["serial"] = identity.serial;
  unit["firmware"] = identity.firmware;
  rows.push_back(std::move(unit));
  for (const HardwareItem& item : report_->items) {
    json row = row_of(hal::word(item.part), item.name, item.text);
    row["state"] = hal::word(item.state);
    if (item.weight) row["weight"] = *item.weight;
    row[kFigures.at(static_cast<std::size_t>(item.part))] = figure_of(item);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<alarms::Condition> HardwareWatch::conditions() const {
  std::vector<alarms::Condition> found;
  if (!failure_.empty()) {
    found.push_back(
        {Kind::kHardwareUnwatched,
         "",
         "the hardware is not watched: " + failure_ + "; see systemctl status yoke-hardware",
         {}});
  }
  if (!report_) return found;
  for (const HardwareItem& item : report_->items) {
    if (item.state == HardwareState::kOk) continue;
    const Kind kind = kind_of(item);
    const std::string subject = fmt::format("{}:{}", hal::word(item.part), item.name);
    found.push_back(
        {kind,
         subject,
         fmt::format("{} {}: {}{}", hal::word(item.part), item.name, item.text, cost_text(item)),
         {{std::string(events::alarm_row_of(kind).subject.front()), subject}}});
  }
  return found;
}

std::vector<HardwareCost> HardwareWatch::costs() const {
  std::vector<HardwareCost> costs;
  if (!report_) return costs;
  for (const HardwareItem& item : report_->items) {
    if (!item.weight) continue;
    costs.push_back({.name = fmt::format("{}:{}", hal::word(item.part), item.name),
                     .is_ok = item.state == HardwareState::kOk,
                     .weight = *item.weight,
                     .text = item.text});
  }
  return costs;
}

}  // namespace yoke::system
