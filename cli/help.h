// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cli/session.h"

// What `help` says, from the command tree and the schema. Threads: any.
namespace yoke::cli {

// All commands, or one of them with what may follow it. E-101 where `topic` is none.
[[nodiscard]] Outcome help(std::string_view topic);

}  // namespace yoke::cli
