// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// Small files that are whole, old or new, whenever the power fails. Errors have the identifier `id`
// and name the file. Threads: any; they wait for the disk.
namespace yoke::hal {

inline constexpr std::size_t kFileMost = std::size_t{1} << 20;

// Written beside its place, synced, renamed into it, and its folder synced; of just this mode,
// whatever the umask is.
[[nodiscard]] Status write_durably(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode, std::string_view id);
// Gone for good; ok where it was not there.
[[nodiscard]] Status remove_durably(const std::filesystem::path& path, std::string_view id);
// Nothing: it is not there. An error where it cannot be read, is no file (never waited for), or is
// longer than any of ours.
[[nodiscard]] Result<std::optional<std::string>> read_whole(const std::filesystem::path& path,
                                                            std::string_view id);

}  // namespace yoke::hal
