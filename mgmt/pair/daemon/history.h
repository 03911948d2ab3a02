// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mgmt/pair/daemon/report.h"

namespace yoke::pair {

// What became of the groups of this unit since the process started, the newest last; the oldest are
// forgotten. The journal has the same for longer. Threads: owned by one.
class History {
 public:
  static constexpr std::size_t kMost = 512;
  using Wall = std::chrono::system_clock::time_point;  // for people

  void add(const Report& report, std::string group, Wall at);
  // {"entries": [{"at": "2026-11-22T14:00:00.123Z", "group": "", "from": "STANDBY", "to": ...
  [[nodiscard]] nlohmann::json to_json() const;
  // Of one group, since the process started: "role_changes", and "takeovers" by their reason (of
  // how often it came to hold the lease).
  [[nodiscard]] nlohmann::json counts(const std::string& group) const;

 private:
  struct Entry {
    Report report;
    std::string group;
    Wall at;
  };
  struct Counts {
    std::uint64_t role_changes = 0;
    std::map<std::string_view, std::uint64_t> takeovers;
  };
  std::deque<Entry> entries_;
  std::map<std::string, Counts> counts_;
};

}  // namespace yoke::pair
