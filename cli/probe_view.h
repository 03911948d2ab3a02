// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/view.h"

// How probes look at a terminal: a line each, and below it what happened, step by step. Threads:
// any.
namespace yoke::cli {

// `answer` is the result of `show` for probes, or of `tested`. Whatever it holds, the output is
// text that fits the terminal.
[[nodiscard]] Output probe_output(nlohmann::json answer, std::size_t width = kWidth);

}  // namespace yoke::cli
