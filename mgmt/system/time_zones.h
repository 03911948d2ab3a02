// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/model/rules.h"

// The time zones that this machine has. Threads: any; each call reads a file.
namespace yoke::system {

inline constexpr std::string_view kZones = "/usr/share/zoneinfo";

[[nodiscard]] bool has_zone(const std::filesystem::path& zones, std::string_view zone);

// E-253 where `after` sets a time zone that is not among `zones`. One that `before` has as well
// stays, that a machine which lost its zones takes commits: it is an alarm.
[[nodiscard]] std::vector<model::Violation> zone_violations(const std::filesystem::path& zones,
                                                            const model::Config& after,
                                                            const model::Config& before);

}  // namespace yoke::system
