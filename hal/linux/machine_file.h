// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// Small files of the kernel's, a value each. Threads: any.
namespace yoke::hal {

// Without the newline; nothing where it is not there or cannot be read, as of a sensor that does
// not answer.
[[nodiscard]] std::optional<std::string> read_value(const std::filesystem::path& path);
// Decimal, with a sign or none, and nothing else.
[[nodiscard]] std::optional<std::int64_t> read_integer(const std::filesystem::path& path);
// Errno of what went wrong; 0: written.
[[nodiscard]] int write_value(const std::filesystem::path& path, const std::string& value);

// Names in a folder, ascending; none where it is none.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& folder);
// The last name of what a link points to; empty where it is none.
[[nodiscard]] std::string link_name(const std::filesystem::path& link);

// "0-3,8": as the kernel writes sets of cores; empty where it is none.
[[nodiscard]] std::vector<unsigned> cores_of(const std::string& text);

}  // namespace yoke::hal
