// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/system/kernel.h"
#include "mgmt/system/port_keeper.h"

// The unit's own interfaces, routes and ports, as the methods of the socket tell them. Pure.
// Threads: any.
namespace yoke {

// Those of the kernel, and what is configured and not there. One an address, and one of each
// interface that has none.
[[nodiscard]] std::vector<rpc::AddressReport> address_reports(const model::Config& config,
                                                              const system::Kernel& kernel);
[[nodiscard]] std::vector<rpc::RouteReport> route_reports(const model::Config& config,
                                                          const system::Kernel& kernel);
[[nodiscard]] std::vector<rpc::PortReport> port_reports(
    const std::vector<system::PortState>& states);

}  // namespace yoke
