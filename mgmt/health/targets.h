// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "mgmt/health/check.h"
#include "mgmt/health/passive.h"
#include "mgmt/model/config.h"

namespace yoke::health {

enum class Servers : std::uint8_t {
  kInUse,  // what is checked again and again
  kAll,    // disabled ones as well: what somebody may want to try before they are enabled
};

// What `config`, which violates no rule, wants checked: those servers, each with its pool's checks;
// servers of pools without checks are left out. Nothing is known of any. Pure; threads: any.
[[nodiscard]] std::vector<Target> targets_of(const model::Config& config,
                                             Servers which = Servers::kInUse);
// The same of some pools; those that there are not are left out.
[[nodiscard]] std::vector<Target> targets_of(const model::Config& config,
                                             const std::set<std::string>& pools,
                                             Servers which = Servers::kInUse);

// What of `pools` is to be looked at passively: those with passive-failures, each with its servers
// that take new flows.
[[nodiscard]] std::vector<PassiveTarget> passive_targets_of(const model::Config& config,
                                                            const std::set<std::string>& pools);

}  // namespace yoke::health
