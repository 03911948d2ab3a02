// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/base/file_descriptor.h"

// The XDP program that steers an interface's frames into AF_XDP sockets. Threads: main.
namespace yoke::io {

// From now on libxdp attaches its program alone, without the dispatcher that would let it share an
// interface with other programs, and that leaves files behind in /sys/fs/bpf.
void prefer_sole_xdp_program();

// libxdp attaches the program to the interface, where it would outlive a process that is killed.
// Holds the one that is there by the descriptor returned instead: with that it goes. Empty, and all
// is as it was, where this kernel cannot.
[[nodiscard]] FileDescriptor hold_xdp_program(unsigned ifindex);

}  // namespace yoke::io
