// SPDX-License-Identifier: Apache-2.0
#pragma once

// A part of yoke-sandbox: what no program that it runs ever needs of the kernel, refused for good.
// Threads: the one there is.
namespace yoke::hal::sandbox {

// From now on, for this process and all that it starts: calls that mount, look into other
// processes, make namespaces, load code into the kernel or set the machine's own state fail with
// EPERM, sockets are local ones, IPv4, IPv6 or netlink alone. What calls the kernel in another way
// than a program of x86-64 does is killed. Takes "no new privileges". 0 or errno.
[[nodiscard]] int filter_system_calls();

}  // namespace yoke::hal::sandbox
