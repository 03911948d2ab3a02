// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/api/messages.h"
#include "dataplane/control/plan.h"
#include "dataplane/lb/trial.h"

namespace yoke::control {

// What the workers found of flows if `next` ran in place of `running`, by whose slots they counted,
// under the names that run. Pure; threads: any.
[[nodiscard]] api::Forecast forecast_of(const lb::Trial::Counts& counts, const Plan& running,
                                        const Plan& next);

}  // namespace yoke::control
