// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
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
  // Where it is not wrong any more for another reason than that it was mended: why. Nothing is
  // raised then.
  std::string over = {};
};

struct Alarm {
  Condition what;
  Wall raised;
  std::optional<Wall> cleared;  // none: it stands
};

// What is looked at together: the unit costs nothing to look at, thousands of servers do.
enum class Part : std::uint8_t { kUnit, kServices };

class Alarms {
 public:
  static constexpr std::size_t kClearedKept = 100;

  // `holding` is all that is wrong with this part. What is new of it is raised, what is no more is
  // cleared; one that stays keeps its time and takes the new text. Returns what the log is to be
  // told.
  [[nodiscard]] std::vector<events::Event> follow(std::vector<Condition> holding, Wall now,
                                                  Part part = Part::kUnit);

  // Those that stand, the worst first, of one level a data plane that is lost, and then the newest;
  // after them those cleared lately, the newest first.
  [[nodiscard]] std::vector<Alarm> all() const;
  // Of those that stand, the first; and how many there are.
  struct Digest {
    std::vector<Alarm> first;
    std::size_t standing = 0;
  };
  [[nodiscard]] Digest digest(std::size_t most) const;
  [[nodiscard]] bool stands(events::Kind kind) const;

 private:
  using Key = std::pair<events::Kind, std::string>;
  [[nodiscard]] std::vector<const Alarm*> first(std::size_t most) const;
  // `why` where it is not simply over; may be empty.
  void clear(Alarm alarm, const std::string& why, Wall now, std::vector<events::Event>& told);

  std::array<std::map<Key, Alarm>, 2> standing_;  // by part
  std::deque<Alarm> cleared_;                     // the newest first
};

}  // namespace yoke::alarms
