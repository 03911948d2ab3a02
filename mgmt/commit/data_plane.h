// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"
#include "hal/base/aside.h"
#include "hal/base/result.h"

namespace yoke::commit {

// The data plane as a commit needs it, so that a test can stand in for it. Calls end within
// seconds; one that cannot reach it is kUnavailable or kTimeout. Threads: owned by one, but for
// what is done aside.
class DataPlane {
 public:
  DataPlane() = default;
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;
  virtual ~DataPlane() = default;

  // Whether the last call or connection attempt reached it.
  [[nodiscard]] virtual bool reachable() const = 0;

  // Staging, which takes as long as the configuration is large, is done aside from now on.
  // Meanwhile others ask what they like, and change nothing.
  virtual void wait_aside(const Aside& aside) = 0;

  // As in dataplane/api/README.md.
  [[nodiscard]] virtual Result<std::string> stage(const api::Configuration& configuration) = 0;
  [[nodiscard]] virtual Result<api::Activation> activate(const std::string& digest) = 0;
  [[nodiscard]] virtual Status set_server_state(
      const std::vector<api::ServerStateChange>& changes) = 0;
  [[nodiscard]] virtual Result<api::ProcessStatus> status(const api::StatusWanted& wanted) = 0;
  [[nodiscard]] virtual Result<api::Counters> counters(const api::CountersWanted& wanted) = 0;
  [[nodiscard]] virtual Result<api::Connections> connections(
      const api::ConnectionsWanted& wanted) = 0;
  // Of one that is too old to tell, is_counted is false.
  [[nodiscard]] virtual Result<api::Forecast> forecast(const api::Configuration& configuration) = 0;
};

}  // namespace yoke::commit
