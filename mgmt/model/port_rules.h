// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/model/network_rules.h"

// What must hold between the unit's data ports, and between them and its interfaces: a part of
// rules.h. Pure; threads: any.
namespace yoke::model {

// E-243, E-248, E-249. Whether the machine has a device is none: a unit may be another tomorrow,
// and yoke-dataplane starts without it.
void check_ports(const Config& config, const ViolatedAt& add);

}  // namespace yoke::model
