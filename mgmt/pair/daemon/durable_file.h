// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// Small files that are whole, old or new, whenever the power fails. Threads: any; they wait for the
// disk.
namespace yoke::pair {

inline constexpr std::size_t kFileMost = std::size_t{1} << 20;

// Written beside its place, synced, renamed into it, and its folder synced. E-722.
[[nodiscard]] Status write_durably(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode);
// Gone for good; ok where it was not there. E-722.
[[nodiscard]] Status remove_durably(const std::filesystem::path& path);
// Nothing: it is not there. E-722 where it cannot be read or is longer than any of ours.
[[nodiscard]] Result<std::optional<std::string>> read_whole(const std::filesystem::path& path);

}  // namespace yoke::pair
