// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/api/messages.h"
#include "mgmt/commit/prefix_sets.h"
#include "mgmt/commit/server_states.h"
#include "mgmt/model/config.h"

namespace yoke::commit {

// What the data plane is to do for `config`, which violates no rule: every pool; every VIP that is
// answered for (mgmt/model/group.h), and the lists that they name; each server in the state that
// `states` publishes. `known` spares reading those of the lists again that are in it. Pure;
// threads: any.
[[nodiscard]] api::Configuration compile(const model::Config& config, const ServerStates& states,
                                         std::uint64_t revision,
                                         const std::array<std::uint8_t, 16>& hash_key,
                                         const PrefixSets& known = {});

}  // namespace yoke::commit
