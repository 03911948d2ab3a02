// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What must hold between the unit's own interfaces and routes, and between them and VIPs: a part of
// rules.h. Pure; threads: any.
namespace yoke::model {

using ViolatedAt = std::function<void(const Path&, std::string_view id, std::string text)>;

// Calls `add` with a stable code and a sentence for each violation. E-208, E-210, E-240 to E-247.
// What may be right on some machine is none: a gateway in no network that is configured (DHCP may
// bring it), an interface that is not there.
void check_network(const Config& config, const ViolatedAt& add);

}  // namespace yoke::model
