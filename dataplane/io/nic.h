// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "hal/base/result.h"

namespace yoke::io {

// Whether the NIC at PCI address `address` is there, and DPDK has it or can be given it (take_nic);
// the error says what to do. E-323, E-325. `root` is where /sys and /dev are. Threads: any.
[[nodiscard]] Status check_nic(const std::string& address, const std::filesystem::path& root = "/");

// Has vfio-pci drive it, unless a driver is bound already beside which DPDK's own works. One whose
// interface is up is somebody's way in and stays the kernel's. As check_nic; E-327: the kernel
// would not bind it. Threads: any.
[[nodiscard]] Status take_nic(const std::string& address, const std::filesystem::path& root = "/");

// Why DPDK has not taken the NIC at PCI address `address`, and what to do about it: E-321, E-323,
// E-325 or E-327. `root` is where /sys and /dev are. Threads: any.
[[nodiscard]] Error explain_missing_nic(const std::string& address, bool has_huge_pages,
                                        const std::filesystem::path& root = "/");

}  // namespace yoke::io
