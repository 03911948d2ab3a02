// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

// What the machine says of itself, each time asked anew. Threads: any.
namespace yoke::tracking {

// Whether the kernel's interface is up and has a link; nothing where there is no such interface.
[[nodiscard]] std::optional<bool> has_link(const std::string& interface);

// Whether a process of this name runs; one that has ended and was not waited for does not. Of a
// name, as the kernel keeps it, the first 15 characters count. Nothing where processes cannot be
// listed.
[[nodiscard]] std::optional<bool> is_running(const std::string& process);

}  // namespace yoke::tracking
