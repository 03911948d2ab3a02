// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"

// Files that people keep what they have seen in. Threads: any.
namespace yoke::cli {

// Puts `text` into the file, which is whole or as it was whatever happens; one that is there keeps
// its mode, and a link stays one. Anything else of that name (a terminal, a pipe) is written to as
// it is. A new file with passwords in it is its owner's alone. E-411.
[[nodiscard]] Status save_file(const std::string& path, std::string_view text, bool is_secret);

}  // namespace yoke::cli
