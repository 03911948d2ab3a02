// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/plan.h"

#include <map>
#include <utility>
#include <vector>

#include "dataplane/api/difference.h"
#include "dataplane/control/errors.h"
#include "dataplane/control/rules.h"

namespace yoke::control {
namespace {

std::set<ServerId> servers_of(const api::Configuration& configuration) {
  std::set<ServerId> ids;
  for (const api::Pool& pool : configuration.pools) {
    for (const api::Server& server : pool.servers) ids.insert({pool.name, server.endpoint});
  }
  return ids;
}

// Servers that left one pool and came to another in the same change: the pool got a new name.
void follow_renames(Slots<ServerId>& slots, const std::set<ServerId>& next) {
  std::multimap<net::Endpoint, ServerId> leaving;
  for (const auto& [id, place] : slots.all()) {
    if (!next.contains(id)) leaving.emplace(id.endpoint, id);
  }
  for (const ServerId& id : next) {
    if (slots.find(id) != nullptr) continue;
    const auto from = leaving.find(id.endpoint);
    if (from == leaving.end()) continue;
    slots.rename(from->second, id);
    leaving.erase(from);
  }
}

}  // namespace

Status Plan::check(const std::vector<api::ServerStateChange>& changes) const {
  for (const api::ServerStateChange& change : changes) {
    if (servers.find({change.pool, change.server}) == nullptr) {
      return fail(Errc::kNotFound, kUnknownServer,
                  "there is no server " + change.server.to_string() + " in a pool " + change.pool);
    }
  }
  return {};
}

bool Plan::apply(const std::vector<api::ServerStateChange>& changes) {
  return api::apply(changes, configuration);
}

Result<Plan> make_plan(api::Configuration configuration, const Plan& running,
                       const std::set<net::IpAddress>& own) {
  if (auto ok = check(configuration, own); !ok) return tl::unexpected(ok.error());
  std::set<std::string> pools;
  std::set<net::ServiceAddress> services;
  for (const api::Pool& pool : configuration.pools) pools.insert(pool.name);
  for (const api::Vip& vip : configuration.vips) services.insert(vip.address);
  const auto servers = servers_of(configuration);

  Plan plan;
  plan.pools = running.pools.following(pools);
  plan.services = running.services.following(services);
  auto known = running.servers;
  follow_renames(known, servers);
  plan.servers = known.following(servers);
  plan.digest = api::digest(configuration);
  plan.configuration = std::move(configuration);
  return plan;
}

}  // namespace yoke::control
