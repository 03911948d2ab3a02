// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"

// Two units that stand in for each other: what moves between them, and what must hold for it to:
// a part of rules.h. Pure; threads: any.
namespace yoke::model {

// What moves as one: a group, or the VIPs that are in none.
struct VirtualRouter {
  std::string group;  // empty: the VIPs in none
  std::uint8_t vrid = 0;
  std::uint8_t priority_a = 100, priority_b = 100;
  bool preempt = false;
  std::vector<std::string> vips;  // names of those that are answered for
};

// Whether the unit is one of two: it names the interface of a dedicated link.
[[nodiscard]] bool is_pair(const Config& config);

// Those that have VIPs, that of no group first. Of a configuration that keeps the rules.
[[nodiscard]] std::vector<VirtualRouter> virtual_routers(const Config& config);

// Calls `add` with a stable code and a sentence for each violation: E-250 to E-252, E-208.
void check_pair(const Config& config,
                const std::function<void(const Path&, std::string_view, std::string)>& add);

}  // namespace yoke::model
