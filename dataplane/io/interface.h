// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/io/device.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// What the kernel says of the interfaces under af_xdp and af_packet ports. Threads: main.
namespace yoke::io {

struct Interface {
  unsigned ifindex = 0;
  bool is_up = false;
  bool has_carrier = false;
  unsigned mtu = 0;
  unsigned combined_queues = 0;  // receive and transmit in one
  unsigned receive_queues = 0;   // receive alone
};

// E-323 if there is none of this name.
[[nodiscard]] Result<Interface> read_interface(const std::string& name);

// Whether a port could be made of `device` now; the error says what to do. E-323, E-325, E-326.
[[nodiscard]] Status check_interface(const Device& device, std::uint16_t mtu);

// Marks the interface as ours for every yoke-dataplane of this network namespace, for as long as
// the descriptor is open: the kernel itself would let two of them read one interface, each packet
// twice. E-324 if it is somebody's already, E-327.
[[nodiscard]] Result<FileDescriptor> claim_interface(const std::string& name);

// The interface takes frames for every address, as long as the descriptor is open: the flag that
// drivers set for that would stay behind a process that is killed. E-327.
[[nodiscard]] Result<FileDescriptor> hear_everything(const std::string& name);

}  // namespace yoke::io
