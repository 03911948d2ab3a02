// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Where whoever types comes from, for the history. Threads: any.
namespace yoke::cli {

// `ssh_connection`: what sshd leaves in SSH_CONNECTION, or "". `terminal`: "/dev/ttyS0", or "".
// "10.1.1.9 ssh", "ttyS0"; empty where neither says anything that can be shown.
[[nodiscard]] std::string origin(const std::string& ssh_connection, const std::string& terminal);

}  // namespace yoke::cli
