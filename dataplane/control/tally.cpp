// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/tally.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dataplane/net/drop.h"

namespace yoke::control {
namespace {

void add(api::TrafficCounters& total, const lb::TrafficCounter& part,
         const lb::RestCounter& rests) {
  total.packets_in += part.packets_in.value();
  total.packets_out += part.packets_out.value();
  total.bytes_in += part.bytes_in.value();
  total.bytes_out += part.bytes_out.value();
  // In this order: a flow that opens and ends between two of the reads would make the difference
  // negative. Those that are over are remembered, not open.
  const std::uint64_t gone = part.flows_ended.value() + rests.begun.value();
  const std::uint64_t come = part.flows_created.value() + rests.ended.value();
  total.flows_created += part.flows_created.value();
  total.flows_open += come > gone ? come - gone : 0;
}

api::TrafficCounters since(const api::TrafficCounters& now, const api::TrafficCounters& base) {
  api::TrafficCounters rest = now;
  rest.packets_in -= base.packets_in;
  rest.packets_out -= base.packets_out;
  rest.bytes_in -= base.bytes_in;
  rest.bytes_out -= base.bytes_out;
  rest.flows_created -= base.flows_created;
  rest.flows_open -= std::min(rest.flows_open, base.flows_open);
  return rest;
}

api::ConnectionCounters since(const api::ConnectionCounters& now,
                              const api::ConnectionCounters& base) {
  return {now.answered - base.answered, now.refused - base.refused,
          now.unanswered - base.unanswered, now.reset - base.reset};
}

api::WorkerCounters worker_of(const lb::WorkerCounters& from) {
  api::WorkerCounters to;
  // What went out is read before what came in, so that a reader never sees more leave than enter.
  for (std::size_t i = 0; i < net::kDropCount; ++i) {
    to.drops[std::string(net::kDropNames[i])] = from.drops[i].value();
  }
  to.handed_over = from.handed_over.value();
  to.punted = from.punted.value();
  to.replied = from.replied.value();
  to.tx = from.tx.value();
  to.taken_over = from.taken_over.value();
  to.rx = from.rx.value();
  return to;
}

// Remembers where the slots of `next` that `running` gave to nobody, or to another, stand now.
template <typename Key, typename Counters, typename Total>
void remember(const Slots<Key>& running, const Slots<Key>& next, std::vector<Counters>& bases,
              Total&& total) {
  bases.resize(std::max(bases.size(), next.extent()));
  std::vector<std::uint16_t> incarnations(next.extent());
  for (const auto& [key, place] : running.all()) incarnations[place.slot] = place.incarnation;
  for (const auto& [key, place] : next.all()) {
    if (incarnations[place.slot] != place.incarnation) bases[place.slot] = total(place.slot);
  }
}

}  // namespace

api::TrafficCounters Tally::service_total(std::size_t slot) const {
  Totals total;
  for (const lb::WorkerCounters* worker : workers_) {
    add(total, worker->services[slot], worker->service_rests[slot]);
  }
  return total;
}

api::TrafficCounters Tally::server_total(std::size_t slot) const {
  Totals total;
  for (const lb::WorkerCounters* worker : workers_) {
    add(total, worker->servers[slot], worker->server_rests[slot]);
  }
  return total;
}

api::ConnectionCounters Tally::connection_total(std::size_t slot) const {
  api::ConnectionCounters total;
  for (const lb::WorkerCounters* worker : workers_) {
    const lb::ConnectionCounter& part = worker->connections[slot];
    total.answered += part.answered.value();
    total.refused += part.refused.value();
    total.unanswered += part.unanswered.value();
    total.reset += part.reset.value();
  }
  return total;
}

Tally::Refusals Tally::refusal_total(std::size_t slot) const {
  Refusals total{};
  for (const lb::WorkerCounters* worker : workers_) {
    const auto& parts = worker->refusals[slot].by_reason;
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += parts[i].value();
  }
  return total;
}

void Tally::begin(const Plan& running, const Plan& next) {
  remember(running.services, next.services, service_bases_,
           [this](std::size_t slot) { return service_total(slot); });
  remember(running.servers, next.servers, server_bases_,
           [this](std::size_t slot) { return server_total(slot); });
  remember(running.servers, next.servers, connection_bases_,
           [this](std::size_t slot) { return connection_total(slot); });
  remember(running.services, next.services, refusal_bases_,
           [this](std::size_t slot) { return refusal_total(slot); });
}

api::Counters Tally::read(const Plan& running, const api::CountersWanted& wanted) const {
  api::Counters counters;
  for (const lb::WorkerCounters* worker : workers_) {
    counters.workers.push_back(worker_of(*worker));
    const std::uint64_t removed = worker->flows_open_removed.value();
    counters.flows_open += worker->flows_open_added.value() - removed;
  }
  read_refusals(running, counters);
  if (wanted.vips) read_vips(running, counters);
  if (wanted.servers) read_servers(running, wanted.pool, counters);
  return counters;
}

void Tally::read_vips(const Plan& running, api::Counters& counters) const {
  for (const api::Vip& vip : running.configuration.vips) {
    const auto slot = running.services.find(vip.address)->slot;
    counters.vips[vip.name] = since(service_total(slot), service_bases_[slot]);
  }
}

void Tally::read_refusals(const Plan& running, api::Counters& counters) const {
  for (const api::Vip& vip : running.configuration.vips) {
    const auto slot = running.services.find(vip.address)->slot;
    const Refusals refused = refusal_total(slot);
    for (std::size_t i = 0; i < refused.size(); ++i) {
      const std::uint64_t count = refused[i] - refusal_bases_[slot][i];
      if (count > 0) counters.refused[vip.name][std::string(name(net::kRefusals[i]))] = count;
    }
  }
}

void Tally::read_servers(const Plan& running, const std::string& pool,
                         api::Counters& counters) const {
  for (const auto& [id, place] : running.servers.all()) {
    if (!pool.empty() && id.pool != pool) continue;
    counters.servers[id.pool][id.endpoint.to_string()] =
        since(server_total(place.slot), server_bases_[place.slot]);
  }
}

api::Connections Tally::connections(const Plan& running,
                                    const api::ConnectionsWanted& wanted) const {
  const std::set<std::string_view> pools(wanted.pools.begin(), wanted.pools.end());
  api::Connections connections;
  for (const auto& [id, place] : running.servers.all()) {
    if (!pools.empty() && !pools.contains(id.pool)) continue;
    connections.pools[id.pool][id.endpoint.to_string()] =
        since(connection_total(place.slot), connection_bases_[place.slot]);
  }
  return connections;
}

}  // namespace yoke::control
