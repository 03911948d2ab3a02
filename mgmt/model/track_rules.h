// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What must hold of what a pair tracks: a part of rules.h. Pure; threads: any.
namespace yoke::model {

// Calls `add` with a path, a stable code and a sentence for each violation: E-202, E-205, E-208.
void check_tracks(const Config& config,
                  const std::function<void(const Path&, std::string_view id, std::string)>& add);

}  // namespace yoke::model
