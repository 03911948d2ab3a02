// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Durations as people write them: a whole number and one unit, "200ms", "30s", "5m", "2h".
// Threads: any.
namespace yoke::model {

// "0" needs no unit. Nothing where the text is not a duration or is longer than a thousand days.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// In the largest unit that keeps it whole: 60000 ms is "1m", 0 is "0s".
[[nodiscard]] std::string to_text(std::chrono::milliseconds duration);

}  // namespace yoke::model
