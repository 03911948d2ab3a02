// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/model/config.h"

// Groups: VIPs that move together. Pure; threads: any.
namespace yoke::model {

// Whether a VIP is answered for: it is enabled, and so is the group that it names, if any. One that
// names a group that there is not, which violates a rule, is of none.
[[nodiscard]] bool is_answered_for(const Config& config, const Path& vip);

}  // namespace yoke::model
