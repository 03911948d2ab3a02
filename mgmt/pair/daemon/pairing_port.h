// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// The TCP connections by which two units are paired. Threads: any; nothing waits.
namespace yoke::pair {

inline constexpr std::uint16_t kPairingPort = 7447;

// Takes connections for any address of the unit, of both families where the kernel has both. E-747.
[[nodiscard]] Result<FileDescriptor> listen_for_pairing(std::uint16_t port);

// Begins to connect to `address`, in numbers: "192.0.2.1", "2001:db8::1", "fe80::1%eth1". E-741
// where it is none, E-746 where there is no way to it.
[[nodiscard]] Result<FileDescriptor> connect_for_pairing(const std::string& address,
                                                         std::uint16_t port);

// Whoever waits, and where from; no descriptor where nobody does.
struct Caller {
  FileDescriptor connected;
  std::string address;
};
[[nodiscard]] Caller next_caller(int listening);

}  // namespace yoke::pair
