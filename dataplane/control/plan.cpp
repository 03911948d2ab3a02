// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/plan.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "dataplane/api/difference.h"
#include "dataplane/control/errors.h"
#include "dataplane/control/rules.h"

namespace yoke::control {
namespace {

template <typename Key>
std::vector<Key> sorted(std::vector<Key> keys) {
  if (!std::ranges::is_sorted(keys)) std::ranges::sort(keys);
  return keys;
}

std::vector<ServerId> servers_of(const api::Configuration& configuration) {
  std::vector<ServerId> ids;
  for (const api::Pool& pool : configuration.pools) {
    for (const api::Server& server : pool.servers) ids.push_back({pool.name, server.endpoint});
  }
  return sorted(std::move(ids));
}

// Servers that left one pool and came to another in the same change: the pool got a new name.
std::map<ServerId, ServerId> renames(const Slots<ServerId>& running,
                                     const std::vector<ServerId>& next) {
  std::multimap<net::Endpoint, ServerId> leaving;
  auto now = next.begin();
  for (const auto& [id, place] : running.all()) {
    while (now != next.end() && *now < id) ++now;
    if (now == next.end() || *now != id) leaving.emplace(id.endpoint, id);
  }
  std::map<ServerId, ServerId> names;
  if (leaving.empty()) return names;
  for (const ServerId& id : next) {
    if (running.find(id) != nullptr) continue;
    const auto from = leaving.find(id.endpoint);
    if (from == leaving.end()) continue;
    names.emplace(from->second, id);
    leaving.erase(from);
  }
  return names;
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
  std::vector<std::string> pools;
  std::vector<net::ServiceAddress> services;
  for (const api::Pool& pool : configuration.pools) pools.push_back(pool.name);
  for (const api::Vip& vip : configuration.vips) services.push_back(vip.address);
  const auto servers = servers_of(configuration);

  std::vector<std::string> groups{""};
  for (const api::Group& group : configuration.groups) {
    if (!group.name.empty()) groups.push_back(group.name);
  }

  Plan plan;
  plan.groups = running.groups.following(sorted(std::move(groups)));
  plan.pools = running.pools.following(sorted(std::move(pools)));
  plan.services = running.services.following(sorted(std::move(services)));
  auto known = running.servers;
  known.rename(renames(running.servers, servers));
  plan.servers = known.following(servers);
  plan.digest = api::digest(configuration);
  plan.configuration = std::move(configuration);
  return plan;
}

}  // namespace yoke::control
