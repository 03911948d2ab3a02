// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/forecast.h"

#include <cstddef>
#include <string>
#include <vector>

namespace yoke::control {
namespace {

std::uint64_t at(const std::vector<std::uint64_t>& counts, std::size_t slot) {
  return slot < counts.size() ? counts[slot] : 0;
}

bool takes_new(const api::Server& server) {
  return server.weight != 0 && server.state != api::ServerState::kDraining;
}

// Slots of servers of `next` that take no new flows: the same ones as in what runs.
std::vector<bool> closed_slots(const Plan& next) {
  std::vector<bool> closed(next.servers.extent());
  for (const api::Pool& pool : next.configuration.pools) {
    for (const api::Server& server : pool.servers) {
      if (!takes_new(server)) closed[next.servers.find({pool.name, server.endpoint})->slot] = true;
    }
  }
  return closed;
}

}  // namespace

api::Forecast forecast_of(const lb::Trial::Counts& counts, const Plan& running, const Plan& next) {
  api::Forecast forecast{.is_counted = true};
  for (const api::Vip& vip : running.configuration.vips) {
    const auto lost = at(counts.service_losses, running.services.find(vip.address)->slot);
    if (lost != 0) forecast.vips[vip.name] = lost;
  }
  const auto closed = closed_slots(next);
  for (const api::Pool& pool : running.configuration.pools) {
    for (const api::Server& server : pool.servers) {
      const std::size_t slot = running.servers.find({pool.name, server.endpoint})->slot;
      const api::Forecast::Server told{at(counts.server_losses, slot), at(counts.kept, slot)};
      const bool is_closed = slot < closed.size() && closed[slot];
      if (told.cut == 0 && !(is_closed && told.kept != 0)) continue;
      forecast.servers[pool.name][server.endpoint.to_string()] = told;
    }
  }
  return forecast;
}

}  // namespace yoke::control
