// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/commit/committer.h"
#include "mgmt/rpc/candidate_lock.h"

namespace yoke::rpc {

// One check of one server, as far as anything is known of it.
struct CheckReport {
  commit::ServerId id;
  std::string check;  // "http"
  commit::Verdict verdict = commit::Verdict::kUnknown;
  std::optional<MonoTime> since;  // of the verdict
  std::uint64_t failures = 0;     // ever, since the check began
  std::string last;               // "http 503, expected 200"; empty before the first
};

// What the methods work on; outlives every session. Threads: the loop's.
struct Unit {
  std::string given_name;  // the board file's, or the host's
  commit::Committer& committer;
  std::function<std::vector<CheckReport>()> checks;
  MonoTime started;
  CandidateLock lock = {};

  // "lb-a": as configured, else as given.
  [[nodiscard]] std::string name() const;
};

}  // namespace yoke::rpc
