// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/system/files.h"

// The unit's own interfaces and routes, in the words of systemd-networkd. Pure. Threads: any.
namespace yoke::system {

// Of a configuration that violates no rule, by their path below the folder:
//   network/00-yoke-NAME.network   systemd.network(5), of each interface and each member of a bond
//   network/00-yoke-NAME.netdev    systemd.netdev(5), of each VLAN and bond
// None where no interface is configured. `00-`: those of the machine come after them, so that ours
// count while they are there and the machine's own as soon as they are not. Each line is one that
// image/system/network_file.awk takes; whoever changes one changes both.
[[nodiscard]] Files network_files_of(const model::Config& config);

// Where a route is set: on the interface that it names, or else on the one whose network its
// gateway is in, the longest one. Empty: there is none.
[[nodiscard]] std::string interface_of_route(const model::Config& config, const model::Path& route);

}  // namespace yoke::system
