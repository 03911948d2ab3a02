// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/api/difference.h"
#include "dataplane/api/lease_page.h"
#include "dataplane/api/messages.h"
#include "dataplane/control/network.h"
#include "dataplane/control/plan.h"
#include "dataplane/control/snapshot_builder.h"
#include "dataplane/control/tally.h"
#include "dataplane/control/workers.h"
#include "dataplane/lb/routing.h"
#include "hal/base/clock.h"
#include "hal/base/result.h"

namespace yoke::control {

// What the data plane runs and what it is about to: each change of configuration, of a server's
// state or of the network becomes the next snapshot, whole or not at all. Threads: owned by one.
class Controller {
 public:
  // Publishes a snapshot that forwards nothing, so that the kernel path works from the start. `own`
  // are the addresses on the twins. `workers` and `leases` outlive the controller.
  Controller(Workers& workers, std::set<net::IpAddress> own, const api::LeasePage& leases,
             MonoTime now);

  // The verbs of dataplane/api/README.md. Where one fails, nothing has changed.
  [[nodiscard]] Result<std::string> stage(api::Configuration configuration);
  [[nodiscard]] Result<std::string> stage(const api::Difference& difference);
  [[nodiscard]] Result<api::Activation> activate(const std::string& digest);
  // What would become of open flows if it were staged and activated; changes nothing.
  [[nodiscard]] Result<api::Forecast> forecast(api::Configuration configuration);
  [[nodiscard]] Result<api::Forecast> forecast(const api::Difference& difference);
  [[nodiscard]] Result<std::uint64_t> set_server_state(
      const std::vector<api::ServerStateChange>& changes);
  [[nodiscard]] api::ProcessStatus status(MonoTime now, const api::StatusWanted& wanted = {}) const;
  // How each group stands, by name.
  [[nodiscard]] std::vector<api::GroupLease> leases(api::LeaseTime now) const;
  [[nodiscard]] api::Counters counters(const api::CountersWanted& wanted = {}) const;
  [[nodiscard]] api::Connections connections(const api::ConnectionsWanted& wanted = {}) const;

  // Publishes if anything that packets need differs. A neighbour on the way to a server that the
  // kernel has lost is kept until another takes its address or its route goes: a flood that drowns
  // ARP must not take down connections that still work.
  void set_network(Network network);

  // Whether there is a group that is served under a lease alone. While there is, find_lines() is
  // to be called now and then: the pair process may have come, or laid out the page anew. It
  // publishes where a line is not where it was.
  [[nodiscard]] bool needs_leases() const;
  void find_lines();
  // Why there is no page that lines could be found on (api::leases); empty: there is one.
  void set_page_trouble(std::string_view reason) { page_trouble_ = reason; }

  // A neighbour that packets need.
  struct Need {
    unsigned port = 0;  // index into Workers::ports()
    net::IpAddress address;
    bool resolved = false;
    friend auto operator<=>(const Need&, const Need&) = default;
  };
  // The next hops towards all servers. Changes with the configuration and the network.
  [[nodiscard]] std::vector<Need> needs() const;
  // Called behind every publish: needs() may be others.
  void on_publish(std::function<void()> callback) { published_ = std::move(callback); }

 private:
  void publish();
  [[nodiscard]] Result<Plan> plan_for(api::Configuration configuration) const;
  [[nodiscard]] Result<api::Configuration> applied(const api::Difference& difference) const;
  [[nodiscard]] SnapshotBuilder::Lines lines() const;
  [[nodiscard]] api::GroupLease lease_of(const std::string& group, api::LeaseTime now) const;

  Workers& workers_;
  std::set<net::IpAddress> own_;
  const api::LeasePage& leases_;
  MonoTime started_;
  SnapshotBuilder builder_;
  Tally tally_;
  Plan running_;
  std::optional<Plan> staged_;
  SnapshotBuilder::Tables staged_tables_;  // prepared for staged_
  SnapshotBuilder::Lines lines_;           // of the groups of running_ that are held
  std::string_view page_trouble_;
  Network network_;
  std::shared_ptr<const lb::Routing> routing_;
  std::uint64_t generation_ = 0;
  std::function<void()> published_;
};

}  // namespace yoke::control
