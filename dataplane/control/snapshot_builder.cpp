// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/snapshot_builder.h"

#include <algorithm>
#include <utility>

#include "dataplane/api/lease_page.h"

namespace yoke::control {
namespace {

lb::ServerState state_of(api::ServerState state) {
  switch (state) {
    case api::ServerState::kUp:
      return lb::ServerState::kUp;
    case api::ServerState::kDraining:
      return lb::ServerState::kDraining;
    case api::ServerState::kDown:
      break;
  }
  return lb::ServerState::kDown;
}

lb::Scheduling scheduling_of(api::Scheduler scheduler) {
  switch (scheduler) {
    case api::Scheduler::kRoundRobin:
      return lb::Scheduling::kRoundRobin;
    case api::Scheduler::kLeastConnections:
      return lb::Scheduling::kLeastConnections;
    case api::Scheduler::kSourceHash:
      return lb::Scheduling::kSourceHash;
    case api::Scheduler::kResponseTime:
      return lb::Scheduling::kResponseTime;
    case api::Scheduler::kMaglev:
      break;
  }
  return lb::Scheduling::kMaglev;
}

// What is taken for the response time of a server whose own is not known: that of the one in the
// middle of those that take flows, so that it is neither starved nor flooded.
std::uint32_t neutral_response_us(const api::Pool& pool) {
  std::vector<std::uint32_t> known;
  for (const api::Server& server : pool.servers) {
    if (server.response_us != 0 && server.state == api::ServerState::kUp) {
      known.push_back(server.response_us);
    }
  }
  if (known.empty()) return 1;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::ranges::nth_element(known, middle);
  return *middle;
}

void add_servers(const Plan& plan, lb::Snapshot& next) {
  next.servers.resize(plan.servers.extent());
  std::vector<lb::ServerTable::Row> rows;
  rows.reserve(plan.servers.all().size());
  for (const api::Pool& pool : plan.configuration.pools) {
    const std::uint32_t neutral = neutral_response_us(pool);
    const std::uint16_t pool_slot = plan.pools.find(pool.name)->slot;
    for (const api::Server& from : pool.servers) {
      const auto& place = *plan.servers.find({pool.name, from.endpoint});
      lb::Server& to = next.servers[place.slot];
      to.address = from.endpoint.address;
      to.port = net::Be16::from_host(from.endpoint.port);
      to.incarnation = place.incarnation;
      to.state = state_of(from.state);
      to.response_us = from.response_us != 0 ? from.response_us : neutral;
      to.hop = next.routing->resolve(to.address);
      const auto step = next.routing->next_hop(to.address);
      to.on_link = step && step->on_link;
      rows.push_back({pool_slot, to.address, to.port, place.slot});
    }
  }
  next.server_table = lb::ServerTable(next.hash_key, rows);
}

lb::Service service_of(const api::Vip& vip, const Plan& plan) {
  const auto& place = *plan.services.find(vip.address);
  lb::Service service;
  service.address = vip.address.endpoint.address;
  service.port = net::Be16::from_host(vip.address.endpoint.port);
  service.protocol = vip.address.protocol;
  service.incarnation = place.incarnation;
  service.idle_timeout_s = vip.idle_timeout_s;
  service.group = static_cast<std::uint8_t>(plan.groups.find(vip.group)->slot);
  service.is_synced = vip.sync == api::FlowSync::kSync;
  service.snat = vip.snat;
  if (service.snat.empty()) service.snat = {service.address};
  return service;
}

// The addresses and tables by which a packet is known to be for a service. Returns the addresses.
std::vector<lb::AddressTable::Row> add_lookups(const Plan& plan, lb::Snapshot& next) {
  std::vector<lb::ServiceTable::Row> rows;
  std::vector<lb::AddressTable::Row> local;
  for (const auto& [address, place] : plan.services.all()) {
    const lb::Service& service = next.services[place.slot];
    rows.push_back({service.address, service.port, service.protocol, place.slot});
    local.emplace_back(service.address, service.group);
    for (const net::IpAddress& snat : service.snat) local.emplace_back(snat, service.group);
  }
  std::sort(local.begin(), local.end());
  local.erase(std::unique(local.begin(), local.end()), local.end());
  next.service_table = lb::ServiceTable(next.hash_key, rows);
  next.local_addresses = lb::AddressTable(next.hash_key, local);
  return local;
}

void add_groups(const Plan& plan, const SnapshotBuilder::Lines& lines, lb::Snapshot& next) {
  next.standing = 0;
  for (const auto& [name, place] : plan.groups.all()) {
    next.standing |= lb::group_bit(static_cast<std::uint8_t>(place.slot));
  }
  for (const api::Group& group : plan.configuration.groups) {
    if (group.lease == api::Lease::kStanding) continue;
    const auto slot = static_cast<std::uint8_t>(plan.groups.find(group.name)->slot);
    next.standing &= ~lb::group_bit(slot);
    // Without a line of its own any will do: it is not its owner.
    const auto line = lines.find(group.name);
    next.held.push_back({slot, line == lines.end() ? std::uint8_t{0} : line->second,
                         api::group_identity(group.name)});
  }
}

// The servers that take new flows, as Maglev holds them.
std::vector<lb::Maglev::Member> members_of(const Plan& plan, const api::Pool& pool) {
  std::vector<lb::Maglev::Member> members;
  for (const api::Server& server : pool.servers) {
    if (server.state != api::ServerState::kUp || server.weight == 0) continue;
    const auto& place = *plan.servers.find({pool.name, server.endpoint});
    members.push_back({server.endpoint, place.slot, server.weight});
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.endpoint < b.endpoint; });
  return members;
}

// The pool's table if it is the very one that would be built, else null.
std::shared_ptr<const lb::Maglev> find_table(const SnapshotBuilder::Tables& tables,
                                             const lb::HashKey& key, const std::string& pool,
                                             const std::vector<lb::Maglev::Member>& members) {
  if (!(tables.key == key)) return nullptr;
  const auto found = tables.by_pool.find(pool);
  if (found == tables.by_pool.end()) return nullptr;
  return std::ranges::equal(found->second->members(), members) ? found->second : nullptr;
}

std::shared_ptr<const lb::PrefixTable> find_list(const SnapshotBuilder::Tables& tables,
                                                 const api::PrefixList& list) {
  const auto found = tables.by_list.find(list.name);
  if (found == tables.by_list.end() || !(found->second.prefixes == list.prefixes)) return nullptr;
  return found->second.table;
}

std::shared_ptr<const lb::PrefixTable> table_of(const SnapshotBuilder::Tables& tables,
                                                const std::string& list) {
  return list.empty() ? nullptr : tables.by_list.at(list).table;
}

std::uint32_t interval_of(std::uint32_t rate) {
  return rate == 0 ? 0 : lb::RateLimiter::interval(rate);
}

lb::Guard guard_of(const api::Vip& vip, const SnapshotBuilder::Tables& tables) {
  const api::FlowLimits& limits = vip.limits;
  const net::IpAddress& address = vip.address.endpoint.address;
  const auto length = address.is_v4() ? limits.client_length_v4 : limits.client_length_v6;
  return {.allow = table_of(tables, vip.allow),
          .deny = table_of(tables, vip.deny),
          .max_flows = limits.max_flows,
          .flow_interval = interval_of(limits.new_flow_rate),
          .client_interval = interval_of(limits.client_new_flow_rate),
          .client_mask = net::Prefix{address, length}.mask()};
}

}  // namespace

std::unique_ptr<const lb::Snapshot> SnapshotBuilder::build(
    const Plan& plan, std::shared_ptr<const lb::Routing> routing, std::uint64_t generation,
    const Tables& ready, const Lines& lines) {
  auto next = std::make_unique<lb::Snapshot>();
  next->generation = generation;
  next->hash_key = lb::HashKey(plan.configuration.hash_key);
  next->ports = ports_;
  next->routing = std::move(routing);
  add_servers(plan, *next);

  tables_ = tables_for(plan, ready);
  std::map<std::string_view, const api::Pool*> pools;
  for (const api::Pool& pool : plan.configuration.pools) pools[pool.name] = &pool;
  next->services.resize(plan.services.extent());
  for (const api::Vip& vip : plan.configuration.vips) {
    lb::Service service = service_of(vip, plan);
    if (!vip.pool.empty()) {
      service.pool = plan.pools.find(vip.pool)->slot;
      const api::Pool& pool = *pools.at(vip.pool);
      service.method = pool.method == api::Method::kDsr ? lb::Method::kDsr : lb::Method::kNat;
      service.scheduling = scheduling_of(pool.scheduler);
      service.maglev = tables_.by_pool.at(vip.pool);
    }
    const auto slot = plan.services.find(vip.address)->slot;
    if (service.method == lb::Method::kDsr && service.maglev != nullptr) {
      next->implied_digest += lb::HashKey::mix(service.maglev->digest() + slot);
    }
    next->services[slot] = std::move(service);
  }
  auto addresses = add_lookups(plan, *next);
  add_groups(plan, lines, *next);
  Leased leased;
  if (!next->held.empty()) leased = {next->standing, std::move(addresses)};
  if (leased != leased_) ++lists_version_;
  leased_ = std::move(leased);
  add_guards(plan, *next);
  return next;
}

std::unique_ptr<const lb::Snapshot> SnapshotBuilder::draft(
    const Plan& plan, std::shared_ptr<const lb::Routing> routing, const Lines& lines) const {
  Plan without_new = plan;
  for (api::Pool& pool : without_new.configuration.pools) {
    for (api::Server& server : pool.servers) server.state = api::ServerState::kDown;
  }
  SnapshotBuilder builder = *this;
  builder.tables_.by_pool.clear();
  return builder.build(without_new, std::move(routing), 0, {}, lines);
}

void SnapshotBuilder::add_guards(const Plan& plan, lb::Snapshot& next) {
  std::vector<Lists> lists(next.services.size());
  next.guards.resize(next.services.size());
  std::vector<std::pair<net::IpAddress, const lb::Guard*>> echo;
  for (const api::Vip& vip : plan.configuration.vips) {
    const auto slot = plan.services.find(vip.address)->slot;
    lb::Guard& guard = next.guards[slot];
    guard = guard_of(vip, tables_);
    next.services[slot].is_guarded = guard.has_lists() || guard.has_limits();
    lists[slot] = {guard.allow, guard.deny};
    echo.emplace_back(vip.address.endpoint.address, guard.has_lists() ? &guard : nullptr);
  }
  next.echo = lb::EchoTable(next.hash_key, std::move(echo));
  if (lists != lists_) ++lists_version_;
  lists_ = std::move(lists);
  next.lists_version = lists_version_;
}

SnapshotBuilder::Tables SnapshotBuilder::tables_for(const Plan& plan, const Tables& ready) const {
  Tables tables{lb::HashKey(plan.configuration.hash_key), {}, {}};
  for (const api::Pool& pool : plan.configuration.pools) {
    const auto members = members_of(plan, pool);
    auto table = find_table(tables_, tables.key, pool.name, members);
    if (!table) table = find_table(ready, tables.key, pool.name, members);
    if (!table) table = std::make_shared<lb::Maglev>(tables.key, members);
    tables.by_pool[pool.name] = std::move(table);
  }
  for (const api::PrefixList& list : plan.configuration.lists) {
    auto table = find_list(tables_, list);
    if (!table) table = find_list(ready, list);
    if (!table) table = std::make_shared<lb::PrefixTable>(list.prefixes.prefixes());
    tables.by_list[list.name] = {list.prefixes, std::move(table)};
  }
  return tables;
}

}  // namespace yoke::control
