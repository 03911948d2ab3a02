// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/base/result.h"

namespace yoke::store {

// Whether the file system of the file at `path` takes writes, by writing a little to it that
// nobody sees: one that the kernel made read-only after an error does not call itself so. E-502,
// E-503; whatever else keeps from finding out is no error. Waits for the disk. Threads: any.
[[nodiscard]] Status takes_writes(const std::string& path);

}  // namespace yoke::store
