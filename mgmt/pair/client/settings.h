// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "mgmt/model/config.h"

namespace yoke::pair {

// What yoke-pair is to do by this configuration, as its method `configure` takes it
// (mgmt/pair/daemon/README.md). `unit`: which of the two this is, "a" or "b". Null where the unit
// stands alone. PURE. Threads: any.
[[nodiscard]] nlohmann::json settings_of(const model::Config& config, std::string_view unit);

}  // namespace yoke::pair
