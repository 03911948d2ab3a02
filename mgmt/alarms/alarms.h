// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/events/event.h"

// What is wrong with the unit, since when, and what was until lately. Pure. Threads: a value, any.
namespace yoke::alarms {

using Wall = std::chrono::system_clock::time_point;

// Something that is wrong now.
struct Condition {
  events::Kind kind{};  // one that raises an alarm
  std::string subject;  // what it is wrong with: "web 192.0.2.11:80"; empty: the unit
  std::string text;
  events::Fields fields = {};
};

struct Alarm {
  Condition what;
  Wall raised;
  std::optional<Wall> cleared;  // none: it stands
};

class Alarms {
 public:
  static constexpr std::size_t kClearedKept = 100;

  // `holding` is all that is wrong. What is new of it is raised, what is no more is cleared; one
  // that stays keeps its time and takes the new text. Returns what the log is to be told.
  [[nodiscard]] std::vector<events::Event> follow(std::vector<Condition> holding, Wall now);

  // Those that stand, the newest first; after them those cleared lately, the newest first.
  [[nodiscard]] std::vector<Alarm> all() const;
  [[nodiscard]] bool stands(events::Kind kind) const;

 private:
  using Key = std::pair<events::Kind, std::string>;
  void clear(Alarm alarm, Wall now, std::vector<events::Event>& told);

  std::map<Key, Alarm> standing_;
  std::deque<Alarm> cleared_;  // the newest first
};

}  // namespace yoke::alarms
