// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/pair/messages.h"

// What others find out about this unit and tell yoke-pair, which itself looks at links and the data
// plane alone: gateways that answer, pools with servers enough, processes, scripts; how far the
// configuration is. Threads: values, any.
namespace yoke::pair {

// What of it one group's election takes.
struct TrackedGroup {
  bool able = true;  // everything without weight works
  bool ready = true;
  std::uint8_t health = 255;
  ConfigPosition config;
  friend bool operator==(const TrackedGroup&, const TrackedGroup&) = default;
};

struct TrackedItems {
  static constexpr std::size_t kItemsMost = 256;
  struct Item {
    std::string name;  // for people
    bool up = true;
    std::uint8_t weight = 0;  // taken from the health while it is down; 0: it must be up
    std::vector<std::string> groups;
    bool of_all = true;  // groups
  };

  std::vector<Item> items;
  bool ready = true;
  ConfigPosition config;

  [[nodiscard]] TrackedGroup of(std::string_view group) const;
  // Names of what is down and concerns the group.
  [[nodiscard]] std::vector<std::string> down(std::string_view group) const;
};

// E-720 with what is wrong and where.
[[nodiscard]] Result<TrackedItems> decode_tracked(const nlohmann::json& params);

}  // namespace yoke::pair
