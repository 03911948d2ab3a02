// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "hal/base/result.h"
#include "mgmt/system/files.h"

namespace yoke::system {

// Makes `folder` hold exactly `files`, and its folders what is theirs; both are readable by their
// owner and group. Whoever reads a file sees all of the old or all of the new one; one that is
// right already is not touched, and what is not among `files` goes away. Where a file fails all
// others are written nevertheless; those that come first are, and others by name; one of keys that
// cannot be replaced is removed, for it may open to somebody who is not to have it. E-411 with the
// first that failed and what to do. Files are made as
// `.FOLDER.new` beside the folder, where the caller may write. Never syncs: /run is memory.
// Threads: of one folder, one at a time.
[[nodiscard]] Status hold_files(const std::filesystem::path& folder, const Files& files);

}  // namespace yoke::system
