// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "hal/base/clock.h"
#include "mgmt/health/probe.h"

// How results read to a person. Threads: any.
namespace yoke::health {

// "3ms"; "<1ms" below one.
[[nodiscard]] std::string duration_text(std::chrono::microseconds duration);

// No answer within `timeout`: "timeout after 1s at connect". But where this process noticed only
// long after, or was as far behind meanwhile (it was busy, or held up by the machine), the answer
// may have come in time: not tried.
[[nodiscard]] ProbeResult timed_out(std::chrono::milliseconds timeout, std::string_view stage,
                                    std::chrono::microseconds duration,
                                    std::chrono::microseconds lag);

// Whether a probe that `began` then should have ended long ago, however busy this unit is: what was
// to end it has failed for want of memory.
[[nodiscard]] bool is_overdue(MonoTime began, std::chrono::milliseconds timeout, MonoTime now);

// This unit lacked something: "not tried: no memory".
[[nodiscard]] ProbeResult not_tried(std::string_view reason, std::chrono::microseconds duration);

// What errno of a socket call that failed says, and whose fault it is: "tcp connection refused", or
// of a connection that stood "redis connection reset at PING", with the step it was at.
[[nodiscard]] ProbeResult socket_failure(std::string_view kind, int error,
                                         std::chrono::microseconds duration,
                                         std::string_view stage = {});

}  // namespace yoke::health
