// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What must hold between the settings of one notification: a part of rules.h. Pure; threads: any.
namespace yoke::model {

// Calls `add` with a stable code and a sentence for each violation of the record at `path`: E-227.
void check_notification(const Config& config, const Path& path,
                        const std::function<void(std::string_view id, std::string text)>& add);

}  // namespace yoke::model
