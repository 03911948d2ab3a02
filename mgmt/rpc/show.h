// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/rpc/unit.h"

namespace yoke::rpc {

// Rows of a `show` object; which keys each has is in mgmt/README.md. Without a name, all of them;
// `server` is an endpoint of that pool, for objects that are of one.
// E-101 for an object that there is not, E-402 for a name where none is taken, E-404 for one that
// is not in the running configuration, E-451 where only the data plane could answer. Threads: the
// loop's.
[[nodiscard]] Result<nlohmann::json> show(const Unit& unit, const std::string& object,
                                          const std::string& name, const std::string& server,
                                          MonoTime now);

}  // namespace yoke::rpc
