// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/watch.h"

#include <chrono>
#include <utility>

namespace yoke::system {
namespace {

constexpr std::chrono::seconds kInterval{5};
// What no path unit tells of is found within 15 s.
constexpr std::chrono::seconds kPatience{20};

}  // namespace

Watch::Watch(sd_event* event, Read read, Clock clock)
    : read_(std::move(read)),
      clock_(std::move(clock)),
      looked_(clock_()),
      next_(event, [this] { look(); }) {}

void Watch::follow(const model::Config& config) {
  config_ = config;
  if (config.keys("interface").empty() && config.keys("route").empty()) {
    next_.stop();
    troubles_.clear();
  } else if (!next_.running()) {
    look();
  }
}

void Watch::look() {
  looked_ = clock_();
  std::map<std::string, Since> now;
  for (Trouble& trouble : troubles_of(config_, read_())) {
    const auto before = troubles_.find(trouble.subject);
    const MonoTime begin = before == troubles_.end() ? looked_ : before->second.begin;
    now[trouble.subject] = {begin, std::move(trouble.text)};
  }
  troubles_ = std::move(now);
  next_.start(kInterval);
}

std::vector<alarms::Condition> Watch::conditions() const {
  std::vector<alarms::Condition> found;
  for (const auto& [subject, since] : troubles_) {
    if (looked_ - since.begin < kPatience) continue;
    found.push_back(
        {events::Kind::kInterfaceNotSet, subject, since.text, {{"INTERFACE", subject}}});
  }
  return found;
}

}  // namespace yoke::system
