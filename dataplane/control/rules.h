// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "dataplane/api/messages.h"
#include "dataplane/net/address.h"
#include "hal/base/result.h"

namespace yoke::control {

// Whether `configuration` can be built as it is: within limits.h, without contradictions, and clear
// of `own`, the addresses that the kernel answers for through the twins. The first thing wrong,
// with its place: E-330 to E-336, E-342 to E-344, E-346. The management plane has its own,
// friendlier rules; these hold whoever speaks. Pure; threads: any.
[[nodiscard]] Status check(const api::Configuration& configuration,
                           const std::set<net::IpAddress>& own);

}  // namespace yoke::control
