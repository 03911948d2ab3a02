// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// What a commit would do to open connections, in words. Threads: any.
namespace yoke::cli {

// `impact` as `diff` answers it: a line for each VIP and server concerned, and what it comes to.
[[nodiscard]] std::vector<std::string> impact_lines(const nlohmann::json& impact);

}  // namespace yoke::cli
