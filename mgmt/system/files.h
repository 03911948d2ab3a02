// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What the system's own programs read, as a configuration wants it. Pure. Threads: any.
namespace yoke::system {

// Whole files by their path below the folder: "resolv.conf", "ssh-keys/ann".
using Files = std::map<std::string, std::string>;

// Of a configuration that violates no rule:
//   resolv.conf      resolv.conf(5); not there without a DNS server, as one that names none breaks
//                    DNS
//   chrony.sources   a file of chrony's `sourcedir` (chrony.conf(5))
//   time-zone        the zone's name, in a line
//   banner           what sshd shows before the login; not there where there is none
//   ssh-keys/USER    authorized_keys of sshd(8), of each user who has keys
//   network/...      of systemd-networkd (network_files.h)
// Values are canonical text, of which none holds a control character: a line is never two.
[[nodiscard]] Files files_of(const model::Config& config);

// Whether the file is to be there before others that tell of what it makes.
[[nodiscard]] bool comes_first(std::string_view name);

// Whether the file opens the machine to somebody.
[[nodiscard]] bool is_of_keys(std::string_view name);

}  // namespace yoke::system
