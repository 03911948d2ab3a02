// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mgmt/http/server.h"

// The status page: what it is made of, and what it asks for. Pure. Threads: any.
namespace yoke::web {

// The rows of a show object; anything but an array where there are none now.
using Rows = std::function<nlohmann::json(std::string_view object)>;

// "/", its style and script, and /status.json: rows of show by object, and when they were true. Of
// many servers those that are not up come first and the rest is left out.
[[nodiscard]] std::optional<http::Answer> answer(std::string_view path, const Rows& rows,
                                                 std::chrono::system_clock::time_point now);

// What every answer says to the browser: nothing from elsewhere, nothing inline, in no frame.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& headers();

}  // namespace yoke::web
