// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/plan.h"
#include "dataplane/lb/snapshot.h"

namespace yoke::control {

// Turns a plan and what is known of the network into what workers read. Holds the Maglev tables of
// the last build, so that pools whose servers did not change share theirs with the next snapshot.
// Threads: owned by one.
class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(std::vector<lb::Port> ports) : ports_(std::move(ports)) {}

  [[nodiscard]] std::unique_ptr<const lb::Snapshot> build(
      const Plan& plan, std::shared_ptr<const lb::Routing> routing, std::uint64_t generation);

 private:
  using Tables = std::map<std::string, std::shared_ptr<const lb::Maglev>, std::less<>>;

  [[nodiscard]] Tables tables_for(const Plan& plan, const lb::HashKey& key) const;
  [[nodiscard]] std::shared_ptr<const lb::Maglev> table_for(const Plan& plan, const api::Pool& pool,
                                                            const lb::HashKey& key) const;

  std::vector<lb::Port> ports_;
  lb::HashKey key_;  // of tables_
  Tables tables_;    // by pool
};

}  // namespace yoke::control
