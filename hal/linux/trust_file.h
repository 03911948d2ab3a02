// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace yoke::hal {

// Whether certificates to trust may be read from `path` at once: nothing that never ends, or that
// waits for somebody to write. No path is as good: then the system's are trusted. An error has `id`
// and names the file. Threads: any.
[[nodiscard]] Status expect_trust_file(const std::string& path, std::string_view id);

}  // namespace yoke::hal
