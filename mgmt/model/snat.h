// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataplane/net/address.h"
#include "mgmt/model/config.h"

// The source addresses that a VIP's flows get towards servers of a pool that rewrites them. Pure;
// threads: any.
namespace yoke::model {

// Those of the SNAT pool of this name; none where there is no such pool.
[[nodiscard]] std::vector<net::IpAddress> snat_pool_addresses(const Config& config,
                                                              const std::string& pool);

// Those that the VIP names itself, else those of the SNAT pool that it names. None: the VIP's own
// address is what is used.
[[nodiscard]] std::vector<net::IpAddress> snat_addresses(const Config& config, const Path& vip);

}  // namespace yoke::model
