// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dataplane/lb/routing.h"

namespace yoke::control {

// What the kernel knows of the network beyond the data ports. Threads: a value, any.
struct Network {
  std::vector<lb::Route> routes;
  std::vector<lb::Neighbor> neighbors;  // by (port, address)
  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace yoke::control
