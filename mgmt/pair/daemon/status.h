// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "mgmt/pair/daemon/flow_relay.h"
#include "mgmt/pair/daemon/flow_watch.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/daemon/snapshot.h"

namespace yoke::pair {

// What `status` answers of a unit that is configured. Times are in microseconds before or after
// the snapshot; null where there was none. Threads: any.
[[nodiscard]] nlohmann::json describe(const Snapshot& snapshot, const Settings& settings);
// Its `flow_sync`.
[[nodiscard]] nlohmann::json describe(const FlowStanding& standing);
// Its `flow_relay`.
[[nodiscard]] nlohmann::json describe(const RelaySnapshot& relay, const std::string& interface);

}  // namespace yoke::pair
