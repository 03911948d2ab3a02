// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/system/kernel.h"

// What the kernel's interfaces and routes lack of what is configured. Pure. Threads: any.
namespace yoke::system {

struct Trouble {
  std::string subject;  // "eth0", "route 0.0.0.0/0"
  std::string text;
};

// At most one an interface and one a route, in the order of the configuration.
[[nodiscard]] std::vector<Trouble> troubles_of(const model::Config& config, const Kernel& kernel);

}  // namespace yoke::system
