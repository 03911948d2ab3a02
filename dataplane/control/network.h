// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/lb/routing.h"
#include "dataplane/net/address.h"

namespace yoke::control {

// An address of the unit's own, which the kernel answers for.
struct LocalAddress {
  std::uint8_t port = 0;
  net::Prefix prefix;  // the address, and how long its network is
  friend auto operator<=>(const LocalAddress&, const LocalAddress&) = default;
};

// What the kernel knows of the network beyond the data ports. Threads: a value, any.
struct Network {
  std::vector<lb::Route> routes;
  std::vector<lb::Neighbor> neighbors;  // by (port, address)
  std::vector<LocalAddress> addresses;  // in order
  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace yoke::control
