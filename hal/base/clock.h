// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace yoke {

// Time that only goes forward. Every decision of this firmware is made in it; wall-clock time is
// for people (logs, history) alone. Pure code never asks for the time: it is given `now`.
using MonoClock = std::chrono::steady_clock;
using MonoTime = MonoClock::time_point;

}  // namespace yoke
