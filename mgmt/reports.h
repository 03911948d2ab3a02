// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mgmt/health/observer.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/scheduler.h"
#include "mgmt/rpc/unit.h"

// What checks have found, as the methods of the socket tell it. Threads: the loop's.
namespace yoke {

[[nodiscard]] commit::Verdict verdict_of(health::Verdict verdict);

// Null while it is under way.
[[nodiscard]] rpc::ProbeReport probe_report(const commit::ServerId& id, const std::string& check,
                                            const health::ProbeResult* result);

// Of one server, by each check and passively, the oldest first.
[[nodiscard]] std::vector<rpc::ProbeReport> probe_reports(const health::Scheduler& checks,
                                                          const health::Observer& observer,
                                                          const commit::ServerId& id);

// Of a pool, or, without a name, of all.
[[nodiscard]] std::vector<rpc::CheckReport> check_reports(const health::Scheduler& checks,
                                                          const health::Observer& observer,
                                                          const std::string& pool);

}  // namespace yoke
