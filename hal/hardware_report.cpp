// SPDX-License-Identifier: Apache-2.0
#include "hal/hardware_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "hal/errors.h"

namespace yoke::hal {
namespace {

using nlohmann::json;

constexpr unsigned kVersion = 1;
constexpr std::size_t kItemsMax = 1024, kTextMax = 256;
constexpr unsigned kWeightMax = 254;

constexpr std::array<std::string_view, 11> kParts{"temperature", "fan",  "voltage", "power",
                                                  "supply",      "link", "module",  "module-rx",
                                                  "module-tx",   "disk", "watchdog"};
constexpr std::array<std::string_view, 3> kStates{"ok", "alarm", "critical"};

// The text under `key`, or none; what a terminal would not take is left out.
std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  std::string text = found->get<std::string>().substr(0, kTextMax);
  std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
  return text;
}

template <typename Enum, std::size_t N>
std::optional<Enum> word_in(const json& object, const char* key,
                            const std::array<std::string_view, N>& words) {
  const auto* const at = std::ranges::find(words, text_in(object, key));
  if (at == words.end()) return std::nullopt;
  return static_cast<Enum>(at - words.begin());
}

std::optional<HardwareItem> read_item(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto part = word_in<HardwarePart>(object, "part", kParts);
  const auto state = word_in<HardwareState>(object, "state", kStates);
  HardwareItem item{.name = text_in(object, "name"), .value = {}, .text = text_in(object, "text")};
  if (!part || !state || item.name.empty()) return std::nullopt;
  item.part = *part;
  item.state = *state;
  if (const auto value = object.find("value"); value != object.end() && value->is_number()) {
    item.value = value->get<double>();
    if (!std::isfinite(*item.value)) return std::nullopt;
  }
  if (const auto weight = object.find("weight");
      weight != object.end() && weight->is_number_unsigned()) {
    const auto number = weight->get<std::uint64_t>();
    if (number > kWeightMax) return std::nullopt;
    item.weight = static_cast<unsigned>(number);
  }
  return item;
}

auto no_report(const std::string& why) {
  return fail(Errc::kInvalid, error::kHardwareReport, "the report of the hardware " + why);
}

}  // namespace

std::string_view word(HardwarePart part) noexcept {
  return kParts.at(static_cast<std::size_t>(part));
}

std::string_view word(HardwareState state) noexcept {
  return kStates.at(static_cast<std::size_t>(state));
}

std::string to_text(const HardwareReport& report) {
  json items = json::array();
  for (const HardwareItem& item : report.items) {
    json made{{"part", word(item.part)},
              {"name", item.name},
              {"state", word(item.state)},
              {"text", item.text}};
    if (item.value) made["value"] = *item.value;
    if (item.weight) made["weight"] = *item.weight;
    items.push_back(std::move(made));
  }
  const json whole{{"version", kVersion},
                   {"uptime_s", report.uptime_s},
                   {"vendor", report.identity.vendor},
                   {"model", report.identity.model},
                   {"serial", report.identity.serial},
                   {"firmware", report.identity.firmware},
                   {"items", std::move(items)}};
  return whole.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

Result<HardwareReport> read_hardware_report(std::string_view text) {
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object()) return no_report("is no JSON object");
  const auto version = whole.find("version"), uptime = whole.find("uptime_s"),
             items = whole.find("items");
  if (version == whole.end() || !version->is_number_unsigned() || *version == 0) {
    return no_report("says no version");
  }
  if (*version > kVersion) return no_report("is of a newer release");
  if (uptime == whole.end() || !uptime->is_number_unsigned() || items == whole.end() ||
      !items->is_array() || items->size() > kItemsMax) {
    return no_report("lacks its time or its items, or has too many");
  }
  HardwareReport report{.uptime_s = uptime->get<std::uint64_t>(),
                        .identity = {.vendor = text_in(whole, "vendor"),
                                     .model = text_in(whole, "model"),
                                     .serial = text_in(whole, "serial"),
                                     .firmware = text_in(whole, "firmware")},
                        .items = {}};
  for (const json& object : *items) {
    if (auto item = read_item(object)) report.items.push_back(std::move(*item));
  }
  return report;
}

}  // namespace yoke::hal
