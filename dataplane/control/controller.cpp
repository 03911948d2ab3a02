// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/controller.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "dataplane/api/errors.h"
#include "dataplane/control/errors.h"
#include "dataplane/control/forecast.h"

namespace yoke::control {
namespace {

std::vector<lb::Port> ports_of(const Workers& workers) {
  std::vector<lb::Port> ports;
  for (const PortInfo& port : workers.ports()) ports.push_back({port.mac});
  return ports;
}

}  // namespace

Controller::Controller(Workers& workers, std::set<net::IpAddress> own, const api::LeasePage& leases,
                       MonoTime now)
    : workers_(workers),
      own_(std::move(own)),
      leases_(leases),
      started_(now),
      builder_(ports_of(workers)),
      tally_(workers.worker_counters()),
      routing_(std::make_shared<lb::Routing>()) {
  publish();
}

Result<Plan> Controller::plan_for(api::Configuration configuration) const {
  if (!configuration.tells_groups && needs_leases()) {
    return fail(Errc::kRefused, kGroupsNotTold,
                "it does not say which groups there are, and one that runs is held: without a word "
                "every VIP would be served without a lease");
  }
  return make_plan(std::move(configuration), running_, own_);
}

Result<std::string> Controller::stage(api::Configuration configuration) {
  auto plan = plan_for(std::move(configuration));
  if (!plan) return tl::unexpected(plan.error());
  staged_ = std::move(*plan);
  staged_tables_ = builder_.prepare(*staged_);
  return staged_->digest;
}

Result<std::string> Controller::stage(const api::Difference& difference) {
  auto configuration = applied(difference);
  if (!configuration) return tl::unexpected(configuration.error());
  return stage(std::move(*configuration));
}

Result<api::Configuration> Controller::applied(const api::Difference& difference) const {
  if (difference.base != running_.digest) {
    return fail(Errc::kConflict, api::kOtherBase,
                "running is " + running_.digest + ", not " + difference.base +
                    "; send the whole configuration");
  }
  return api::applied(running_.configuration, difference);
}

Result<api::Forecast> Controller::forecast(const api::Difference& difference) {
  auto configuration = applied(difference);
  if (!configuration) return tl::unexpected(configuration.error());
  return forecast(std::move(*configuration));
}

Result<api::Forecast> Controller::forecast(api::Configuration configuration) {
  const auto plan = plan_for(std::move(configuration));
  if (!plan) return tl::unexpected(plan.error());
  const auto counts = workers_.try_out(builder_.draft(*plan, routing_, lines_),
                                       running_.services.extent(), running_.servers.extent());
  return counts ? forecast_of(*counts, running_, *plan) : api::Forecast{};
}

Result<api::Activation> Controller::activate(const std::string& digest) {
  if (!staged_) {
    return fail(Errc::kConflict, kNotStaged, "nothing is staged; stage a configuration first");
  }
  if (staged_->digest != digest) {
    return fail(Errc::kConflict, kNotStaged,
                "staged is " + staged_->digest + ", not " + digest + "; stage that one first");
  }
  tally_.begin(running_, *staged_);
  running_ = std::move(*staged_);
  staged_.reset();
  lines_ = lines();
  publish();
  staged_tables_ = {};
  return api::Activation{generation_, running_.digest};
}

Result<std::uint64_t> Controller::set_server_state(
    const std::vector<api::ServerStateChange>& changes) {
  // A server may be in one of the two alone.
  std::vector<api::ServerStateChange> not_running;
  for (const auto& change : changes) {
    if (running_.servers.find({change.pool, change.server}) == nullptr) {
      not_running.push_back(change);
    }
  }
  if (auto known = (staged_ ? *staged_ : running_).check(not_running); !known) {
    return tl::unexpected(known.error());
  }
  if (staged_) (void)staged_->apply(changes);
  if (running_.apply(changes)) publish();
  return generation_;
}

api::ProcessStatus Controller::status(MonoTime now, const api::StatusWanted& wanted) const {
  api::ProcessStatus status;
  status.running.revision = running_.configuration.revision;
  status.running.generation = generation_;
  status.running.digest = running_.digest;
  if (running_.configuration.revision != 0) {
    status.running.hash_key = running_.configuration.hash_key;
  }
  for (const api::Pool& pool : running_.configuration.pools) {
    if (!wanted.servers) break;
    for (const api::Server& server : pool.servers) {
      status.running.servers.push_back(
          {pool.name, server.endpoint, server.state, server.response_us});
    }
  }
  status.flow_sync = workers_.flow_sync();
  status.ports_ready = true;  // the workers start no earlier
  status.uptime_s = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now - started_).count());
  return status;
}

bool Controller::needs_leases() const {
  return std::ranges::any_of(running_.configuration.groups, [](const api::Group& group) {
    return group.lease == api::Lease::kHeld;
  });
}

SnapshotBuilder::Lines Controller::lines() const {
  SnapshotBuilder::Lines lines;
  for (const api::Group& group : running_.configuration.groups) {
    if (group.lease == api::Lease::kStanding) continue;
    if (const auto line = leases_.find(api::group_identity(group.name))) lines[group.name] = *line;
  }
  return lines;
}

void Controller::find_lines() {
  auto found = lines();
  if (found == lines_) return;
  lines_ = std::move(found);
  publish();
}

api::GroupLease Controller::lease_of(const std::string& group, api::LeaseTime now) const {
  api::GroupLease told{.group = group, .lease = api::Lease::kHeld, .is_served = false};
  const auto line = lines_.find(group);
  told.has_line = line != lines_.end();
  if (!told.has_line) {
    told.reason = page_trouble_.empty() ? api::leases::kNoLine : page_trouble_;
    return told;
  }
  const auto state = leases_.lines[line->second].read(api::group_identity(group), now);
  told.is_served = state.remaining.count() > 0;
  told.epoch = state.epoch;
  told.remaining_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(state.remaining).count());
  if (told.is_served) return told;
  told.reason = state.is_granted ? api::leases::kLapsed : api::leases::kNotGranted;
  return told;
}

std::vector<api::GroupLease> Controller::leases(api::LeaseTime now) const {
  std::map<std::string_view, api::GroupLease> groups;
  for (const auto& [name, place] : running_.groups.all()) groups[name].group = name;
  for (const api::Group& group : running_.configuration.groups) {
    if (group.lease == api::Lease::kHeld) groups[group.name] = lease_of(group.name, now);
  }
  std::vector<api::GroupLease> list;
  list.reserve(groups.size());
  for (auto& [name, group] : groups) list.push_back(std::move(group));
  return list;
}

api::Counters Controller::counters(const api::CountersWanted& wanted) const {
  api::Counters counters = tally_.read(running_, wanted);
  counters.ports = workers_.port_counters();
  counters.flows_capacity = workers_.flows_capacity();
  return counters;
}

api::Connections Controller::connections(const api::ConnectionsWanted& wanted) const {
  return tally_.connections(running_, wanted);
}

void Controller::set_network(Network network) {
  std::set<std::pair<unsigned, net::IpAddress>> present;
  for (const auto& neighbor : network.neighbors) present.emplace(neighbor.port, neighbor.address);
  std::set<std::pair<unsigned, net::IpAddress>> needed;
  const lb::Routing next(network.routes, {});
  for (const auto& [id, place] : running_.servers.all()) {
    if (const auto hop = next.next_hop(id.endpoint.address))
      needed.emplace(hop->port, hop->address);
  }
  for (const lb::Neighbor& neighbor : network_.neighbors) {
    const std::pair<unsigned, net::IpAddress> key(neighbor.port, neighbor.address);
    if (!present.contains(key) && needed.contains(key)) network.neighbors.push_back(neighbor);
  }
  std::sort(network.neighbors.begin(), network.neighbors.end(),
            [](const lb::Neighbor& a, const lb::Neighbor& b) {
              return std::tie(a.port, a.address) < std::tie(b.port, b.address);
            });
  if (network == network_) return;
  network_ = std::move(network);
  routing_ = std::make_shared<lb::Routing>(network_.routes, network_.neighbors);
  publish();
}

std::vector<Controller::Need> Controller::needs() const {
  std::set<Need> needs;
  for (const auto& [id, place] : running_.servers.all()) {
    const auto hop = routing_->next_hop(id.endpoint.address);
    if (!hop) continue;
    needs.insert({hop->port, hop->address, routing_->resolve(id.endpoint.address).resolved});
  }
  return {needs.begin(), needs.end()};
}

void Controller::publish() {
  workers_.publish(builder_.build(running_, routing_, ++generation_, staged_tables_, lines_));
  if (published_) published_();
}

}  // namespace yoke::control
