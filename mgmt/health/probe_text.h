// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/health/probe.h"

// How results read to a person. Threads: any.
namespace yoke::health {

// "3ms"; "<1ms" below one.
[[nodiscard]] std::string duration_text(std::chrono::microseconds duration);

// No answer within `timeout`: "timeout after 1s at connect". But where this process noticed only
// long after (it was busy, or held up by the machine), the answer may have come in time: not tried.
[[nodiscard]] ProbeResult timed_out(std::chrono::milliseconds timeout, std::string_view stage,
                                    std::chrono::microseconds duration);

// "http 503, expected 200-299, 401".
[[nodiscard]] std::string status_text(long status, const std::vector<StatusRange>& expected);

// What errno of a socket call that failed says, and whose fault it is: "tcp connection refused".
[[nodiscard]] ProbeResult socket_failure(CheckType type, int error,
                                         std::chrono::microseconds duration);

}  // namespace yoke::health
