// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "mgmt/health/check.h"
#include "mgmt/model/config.h"

namespace yoke::health {

// What `config`, which violates no rule, wants checked: every server in use, with its pool's
// checks; servers of pools without checks are left out. Nothing is known of any. Pure; threads:
// any.
[[nodiscard]] std::vector<Target> targets_of(const model::Config& config);

}  // namespace yoke::health
