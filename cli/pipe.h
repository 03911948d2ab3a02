// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/view.h"
#include "hal/base/result.h"

// What follows a "|". Threads: any.
namespace yoke::cli {

// Passes `output` through the pipes in order, each the words of one as LineReader took them. Pipes
// choose among rows; headers stay. `pretty`: JSON on several lines, for eyes. E-411 where the file
// to save in cannot be written.
[[nodiscard]] Result<Output> through_pipes(Output output,
                                           const std::vector<std::vector<std::string>>& pipes,
                                           bool pretty);

}  // namespace yoke::cli
