// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"

// The store as the release before left it, kept when this one first changes its shape, so that
// going back to that release finds its configuration byte for byte. Threads: any, before the
// database is opened for writing.
namespace yoke::store {

// "config.db.v1": where the copy of version 1 is.
[[nodiscard]] std::string previous_path(const std::string& path, std::int64_t version);

// Copies the file and its log, synced to the disk; no copy or a whole one. One that is there from
// an earlier upgrade is replaced. Nobody in this process may have the database open, since closing
// the file here would end SQLite's locks on it. E-503, E-507.
[[nodiscard]] Status keep_previous(const std::string& path, std::int64_t version);

}  // namespace yoke::store
