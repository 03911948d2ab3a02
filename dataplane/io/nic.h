// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "hal/base/result.h"

namespace yoke::io {

// Whether the NIC at PCI address `address` is there and left to us; the error says what to do.
// E-323, E-325. `root` is where /sys and /dev are. Threads: any.
[[nodiscard]] Status check_nic(const std::string& address, const std::filesystem::path& root = "/");

// Why DPDK has not taken the NIC at PCI address `address`, and what to do about it: E-321, E-323,
// E-325 or E-327. `root` is where /sys and /dev are. Threads: any.
[[nodiscard]] Error explain_missing_nic(const std::string& address, bool has_huge_pages,
                                        const std::filesystem::path& root = "/");

}  // namespace yoke::io
