// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "hal/linux/program.h"
#include "mgmt/health/probe.h"

// What there is to say of a script before it is run and once it has ended. Threads: any.
namespace yoke::health {

// Why the program `name` in `folder` is not to be run, and what to do about it; nothing: it is. It
// must be a file of root's that everybody may run and nobody else may change, and so must be the
// folder. Reads the file system.
[[nodiscard]] std::optional<std::string> objection_to(const std::string& folder,
                                                      std::string_view name);

// The first line of what it said, of its errors where that is all, as far as a terminal takes it.
[[nodiscard]] std::string first_line(const hal::ProgramEnd& end);

// What its end says of the server: 0 is well, 75 (EX_TEMPFAIL) not tried, as are 126 and 127, by
// which a shell says that it cannot run something; another status is not well. Not for one that was
// out of time.
[[nodiscard]] ProbeResult script_result(const hal::ProgramEnd& end,
                                        std::chrono::microseconds duration);

}  // namespace yoke::health
