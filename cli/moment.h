// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// A time of day as people type it, by this machine's time zone. Threads: any.
namespace yoke::cli {

// "02:00" is the next time that it is so, "2026-12-01T02:00" that day; both may have
// seconds. E-102 for anything else, for
// what is over, and for an hour that the clock jumps over in spring.
[[nodiscard]] Result<std::chrono::system_clock::time_point> moment(
    std::string_view text, std::chrono::system_clock::time_point now);

// "2026-12-01 02:00:00"
[[nodiscard]] std::string moment_text(std::chrono::system_clock::time_point time);

}  // namespace yoke::cli
