// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

#include "cli/view.h"

// How one revision looks, of which the history's table has no room for all. Threads: any.
namespace yoke::cli {

// `answer` is the result of `show` for one revision. Whatever it holds, the output is text that
// fits `width` columns, and nothing is cut.
[[nodiscard]] Output revision_output(nlohmann::json answer, std::size_t width = kWidth);

}  // namespace yoke::cli
