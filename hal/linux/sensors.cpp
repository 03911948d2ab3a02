// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "hal/base/number.h"
#include "hal/linux/linux_platform.h"
#include "hal/linux/machine_file.h"

namespace yoke::hal {
namespace {

namespace fs = std::filesystem;

// What the kernel names a kind of input, and how many of its units are one of ours.
struct InputKind {
  std::string_view prefix;
  SensorKind kind;
  double scale;
};
constexpr std::array kInputs{
    InputKind{"temp", SensorKind::kTemperature, 1e3}, InputKind{"fan", SensorKind::kFan, 1},
    InputKind{"in", SensorKind::kVoltage, 1e3}, InputKind{"power", SensorKind::kPower, 1e6}};

// "temp1" of "temp1_input"; power is told as "power1_input", or "power1_average" by ACPI.
std::string input_of(std::string_view file) {
  for (const std::string_view ending : {"_input", "_average"}) {
    if (file.ends_with(ending)) return std::string(file.substr(0, file.size() - ending.size()));
  }
  return {};
}

const InputKind* kind_of(std::string_view input) {
  const auto* const found = std::ranges::find_if(kInputs, [input](const InputKind& kind) {
    return input.starts_with(kind.prefix) && parse_decimal(input.substr(kind.prefix.size()));
  });
  return found == kInputs.end() ? nullptr : found;
}

class Chip {
 public:
  explicit Chip(fs::path folder) : folder_(std::move(folder)) {
    name_ = read_value(folder_ / "name").value_or("");
    const std::string device = link_name(folder_ / "device");
    if (!device.empty()) name_ += "@" + device;
  }

  void read(std::vector<Reading>& readings) const {
    std::set<std::string> inputs;
    for (const std::string& file : names_in(folder_)) {
      if (std::string input = input_of(file); !input.empty()) inputs.insert(std::move(input));
    }
    for (const std::string& input : inputs) {
      if (const InputKind* const kind = kind_of(input)) readings.push_back(look(input, *kind));
    }
  }

 private:
  [[nodiscard]] Reading look(const std::string& input, const InputKind& kind) const {
    Reading reading{.kind = kind.kind, .source = name_ + "/" + input};
    reading.label = read_value(folder_ / (input + "_label")).value_or("");
    const bool answers = read_integer(folder_ / (input + "_fault")).value_or(0) == 0;
    if (answers) reading.value = number(input + "_input", kind.scale);
    if (answers && !reading.value) reading.value = number(input + "_average", kind.scale);
    reading.low = number(input + "_min", kind.scale);
    reading.high = number(input + "_max", kind.scale);
    reading.critical = number(input + "_crit", kind.scale);
    reading.alarm = read_integer(folder_ / (input + "_alarm")).value_or(0) != 0 ||
                    read_integer(folder_ / (input + "_crit_alarm")).value_or(0) != 0;
    return reading;
  }

  [[nodiscard]] std::optional<double> number(const std::string& file, double scale) const {
    const auto value = read_integer(folder_ / file);
    if (!value) return std::nullopt;
    return static_cast<double>(*value) / scale;
  }

  fs::path folder_;
  std::string name_;
};

}  // namespace

std::vector<Reading> read_sensors(const fs::path& root) {
  std::vector<Reading> readings;
  const auto chips = root / "sys/class/hwmon";
  for (const std::string& name : names_in(chips)) Chip(chips / name).read(readings);
  const auto supplies = root / "sys/class/power_supply";
  for (const std::string& name : names_in(supplies)) {
    if (read_value(supplies / name / "type") == "Battery") continue;
    Reading reading{.kind = SensorKind::kSupply, .source = "power_supply/" + name};
    const auto online = read_integer(supplies / name / "online");
    if (online) reading.value = *online != 0 ? 1 : 0;
    readings.push_back(std::move(reading));
  }
  std::ranges::stable_sort(readings, {}, &Reading::source);
  return readings;
}

}  // namespace yoke::hal
