// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"
#include "dataplane/control/plan.h"
#include "dataplane/lb/counters.h"
#include "dataplane/net/drop.h"

namespace yoke::control {

// The workers' counters, added up under the names of the records they belong to. A slot counts on
// when it is given to another record, so what it stood at then is remembered and taken off.
// Threads: owned by one; reads what workers write.
class Tally {
 public:
  explicit Tally(std::span<const lb::WorkerCounters* const> workers) : workers_(workers) {}

  // To be called before the snapshot of `next` is published, while the slots that are new in it are
  // still idle.
  void begin(const Plan& running, const Plan& next);

  // Workers, VIPs and servers; ports and the capacity are the caller's.
  [[nodiscard]] api::Counters read(const Plan& running, const api::CountersWanted& wanted) const;
  [[nodiscard]] api::Connections connections(const Plan& running,
                                             const api::ConnectionsWanted& wanted) const;

 private:
  using Totals = api::TrafficCounters;
  using Refusals = std::array<std::uint64_t, net::kRefusals.size()>;

  void read_vips(const Plan& running, api::Counters& counters) const;
  void read_refusals(const Plan& running, api::Counters& counters) const;
  void read_servers(const Plan& running, const std::string& pool, api::Counters& counters) const;
  [[nodiscard]] Totals service_total(std::size_t slot) const;
  [[nodiscard]] Refusals refusal_total(std::size_t slot) const;
  [[nodiscard]] Totals server_total(std::size_t slot) const;
  [[nodiscard]] api::ConnectionCounters connection_total(std::size_t slot) const;

  std::span<const lb::WorkerCounters* const> workers_;
  std::vector<Totals> service_bases_, server_bases_;       // by slot
  std::vector<api::ConnectionCounters> connection_bases_;  // by server slot
  std::vector<Refusals> refusal_bases_;                    // by service slot
};

}  // namespace yoke::control
