// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What must hold between the settings of one check: a part of rules.h. Pure; threads: any.
namespace yoke::model {

// Calls `add` with a stable code and a sentence for each violation of the check at `path`: E-205,
// E-223, E-224, E-225.
void check_settings(const Config& config, const Path& path,
                    const std::function<void(std::string_view id, std::string text)>& add);

}  // namespace yoke::model
