// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/keeper.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "mgmt/system/folder.h"

namespace yoke::system {
namespace {

constexpr std::chrono::seconds kAgain{15};

}  // namespace

Keeper::Keeper(sd_event* event, Folders folders)
    : folders_(std::move(folders)), again_(event, [this] { write(); }), interfaces_(event) {}

void Keeper::follow(const model::Config& config) {
  interfaces_.follow(config);
  Files files = files_of(config);
  if (written_ && files == files_) return;
  files_ = std::move(files);
  write();
}

void Keeper::write() {
  again_.stop();
  const auto held = hold_files(folders_.files, files_);
  written_ = held.has_value();
  failure_ = held ? std::string() : held.error().text;
  std::string zone = files_["time-zone"];
  zone.pop_back();  // the line's end
  const bool is_known = has_zone(folders_.zones, zone);
  unknown_zone_ = is_known ? std::string() : zone;
  if (!written_ || !is_known) again_.start(kAgain);
}

std::vector<alarms::Condition> Keeper::conditions() const {
  std::vector<alarms::Condition> found = interfaces_.conditions();
  const auto add = [&](const std::string& setting, std::string text) {
    found.push_back({events::Kind::kSystemNotSet,
                     "system " + setting,
                     std::move(text),
                     {{"SETTING", setting}}});
  };
  if (!failure_.empty()) {
    add("files", failure_ +
                     "; until then the machine keeps the settings that it has, and an SSH "
                     "key that was taken away may still open");
  }
  if (!unknown_zone_.empty()) {
    add("time-zone",
        fmt::format("there is no time zone {} in {}: set one that is (timedatectl list-timezones), "
                    "or update tzdata; until then the machine keeps the one that it has",
                    unknown_zone_, folders_.zones.string()));
  }
  return found;
}

}  // namespace yoke::system
