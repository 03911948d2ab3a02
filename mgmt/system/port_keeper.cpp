// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/port_keeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "hal/base/number.h"
#include "hal/device.h"
#include "hal/linux/durable_file.h"

namespace yoke::system {
namespace {

using events::Kind;

constexpr std::string_view kUnwritten = "E-411";
constexpr std::chrono::seconds kAgain{15};
// A data plane that is started tells anew, and nobody else says so.
constexpr std::chrono::seconds kLookEvery{2};
constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP;

constexpr std::string_view kHow =
    "from the data plane's next start on: systemctl restart yoke-dataplane, which stops traffic "
    "for a moment (one of two hands over first: request ha failover)";

std::optional<hal::PortSetting> setting_of(const hal::PortMap& map, const std::string& name) {
  const auto found = std::ranges::find(map, name, &hal::PortSetting::name);
  return found == map.end() ? std::nullopt : std::optional(*found);
}

std::string in_words(const hal::PortSetting& setting) {
  std::string text = setting.device;
  if (setting.mtu != 0) text += fmt::format("{}mtu {}", text.empty() ? "" : " ", setting.mtu);
  return text;
}

}  // namespace

hal::PortMap port_map_of(const model::Config& config) {
  hal::PortMap map;
  for (const std::string& name : config.keys("port")) {
    const model::Path path{{"port", name}};
    hal::PortSetting setting{name, config.value(path, "device"), 0};
    setting.mtu = static_cast<std::uint16_t>(parse_decimal(config.value(path, "mtu")).value_or(0));
    if (!setting.device.empty() || setting.mtu != 0) map.push_back(std::move(setting));
  }
  return map;
}

PortKeeper::PortKeeper(sd_event* event, Files files, Later later, Aside aside)
    : files_(std::move(files)),
      later_(std::move(later)),
      aside_(std::move(aside)),
      again_(event, [this] { later_([this] { write(); }); }),
      look_(event, [this] { look(); }) {
  look();
}

void PortKeeper::follow(const model::Config& config) {
  hal::PortMap map = port_map_of(config);
  follows_ = true;
  if (written_ && map == map_) return;
  map_ = std::move(map);
  written_ = false;
  later_([this] { write(); });
}

void PortKeeper::write() {
  if (written_) return;
  again_.stop();
  const hal::PortMap map = map_;
  Status done;
  aside_([&] {
    const std::string text = hal::to_text(map);
    const auto present = hal::read_whole(files_.map, kUnwritten);
    const bool is_there = present && present->has_value();
    if (is_there ? **present == text : present && map.empty()) return;
    done = hal::write_durably(files_.map, text, kMode, kUnwritten);
  });
  failure_ = done ? std::string() : done.error().text;
  if (!done) again_.start(kAgain);
  // Another may have been committed meanwhile: its own turn comes.
  written_ = done.has_value() && map == map_;
}

void PortKeeper::look() {
  look_.start(kLookEvery);
  const auto text = hal::read_whole(files_.report, kUnwritten);
  report_.reset();
  if (!text || !*text) return;
  if (auto read = hal::read_port_report(**text, files_.report.string())) {
    report_ = std::move(*read);
  }
}

std::string PortKeeper::not_there(const hal::PortSetting& setting) const {
  const auto device = hal::Device::parse(setting.device);
  if (!device || device->kind == hal::Device::Kind::kTap) return {};
  const bool is_pci = device->kind == hal::Device::Kind::kPci;
  std::error_code none;
  const auto place = files_.machine / (is_pci ? "sys/bus/pci/devices" : "sys/class/net");
  if (std::filesystem::exists(place / device->argument, none)) return {};
  return fmt::format("; {} is not on this machine now", setting.device);
}

std::vector<std::string> PortKeeper::pending() const {
  const hal::PortMap asked = report_ ? report_->asked : hal::PortMap();
  std::vector<std::string> names;
  if (!follows_) return names;
  for (const hal::PortSetting& setting : map_) {
    if (setting_of(asked, setting.name) != setting) names.push_back(setting.name);
  }
  for (const hal::PortSetting& before : asked) {
    if (!setting_of(map_, before.name)) names.push_back(before.name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<alarms::Condition> PortKeeper::conditions() const {
  std::vector<alarms::Condition> found;
  if (!failure_.empty()) {
    found.push_back({Kind::kPortMapUnwritten,
                     "",
                     failure_ + ": the data plane would start with the ports that were committed "
                                "before; see to the disk, it is tried again",
                     {{"ERROR", std::string(kUnwritten)}}});
  }
  if (const auto names = pending(); !names.empty()) {
    std::string missing;
    for (const hal::PortSetting& setting : map_) missing += not_there(setting);
    found.push_back({Kind::kPortMapPending, "",
                     fmt::format("{} {} as committed {}{}", fmt::join(names, ", "),
                                 names.size() == 1 ? "is" : "are", kHow, missing)});
  }
  if (!report_) return found;
  for (const hal::PortTrouble& trouble : report_->troubles) {
    const std::string what = trouble.port.empty() ? "the port map" : "port " + trouble.port;
    found.push_back({Kind::kPortNotAsConfigured,
                     trouble.port,
                     fmt::format("{}: {}; mend that, or set port otherwise, and restart "
                                 "yoke-dataplane",
                                 what, trouble.error.text),
                     {{"PORT", trouble.port}, {"ERROR", trouble.error.id}}});
  }
  return found;
}

std::vector<PortState> PortKeeper::states() {
  look();
  std::map<std::string, PortState> states;
  const auto of = [&states](const std::string& name) -> PortState& {
    PortState& state = states[name];
    state.name = name;
    return state;
  };
  if (report_) {
    for (const hal::PortInUse& port : report_->ports) of(port.name).now = port;
  }
  for (const hal::PortSetting& setting : map_) of(setting.name).setting = setting;
  for (auto& [name, state] : states) state.state = "in use";
  for (const std::string& name : pending()) {
    PortState& state = of(name);
    state.state = "pending";
    const std::string what = state.setting ? in_words(*state.setting) : "as the board file says";
    state.text = fmt::format("{} {}", what, kHow);
  }
  const auto troubles = report_ ? report_->troubles : std::vector<hal::PortTrouble>();
  for (const hal::PortTrouble& trouble : troubles) {
    for (auto& [name, state] : states) {
      const bool is_its = trouble.port.empty() ? state.setting.has_value() : trouble.port == name;
      if (!is_its || state.state != "in use") continue;
      state.state = "not as configured";
      state.text = trouble.error.text;
    }
  }
  std::vector<PortState> list;
  list.reserve(states.size());
  for (auto& [name, state] : states) list.push_back(std::move(state));
  return list;
}

}  // namespace yoke::system
