// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mgmt/model/config.h"

// What must hold between the settings of the machine and of one user: a part of rules.h. Pure;
// threads: any.
namespace yoke::model {

using Violated = std::function<void(std::string_view id, std::string text)>;

// Each calls `add` with a stable code and a sentence for each violation of the record at `path`.
// E-208, E-210.
void check_system(const Config& config, const Path& path, const Violated& add);
// E-208, E-228, E-231.
void check_user(const Config& config, const Path& path, const Violated& add);

}  // namespace yoke::model
