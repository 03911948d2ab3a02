// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/impact.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>

#include "dataplane/limits.h"
#include "dataplane/net/address.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/group.h"
#include "mgmt/model/snat.h"

namespace yoke::commit {
namespace {

using model::Config;
using model::Path;

bool is_enabled(const Config& config, const Path& path) {
  return config.value(path, "enabled") == "yes";
}

struct Service {
  Path vip;
  std::string address;  // canonical, so that equal text is the same service
  std::string pool;
  std::set<std::string> sources;      // SNAT addresses in use, where the pool rewrites sources
  std::chrono::milliseconds idle{0};  // after which an established flow is forgotten
};

std::set<std::string> sources_of(const Config& config, const Path& vip, const std::string& pool) {
  if (config.value(Path{{"pool", pool}}, "method") == "dsr") return {};
  std::set<std::string> sources;
  for (const net::IpAddress& snat : model::snat_addresses(config, vip)) {
    sources.insert(snat.to_string());
  }
  if (!sources.empty()) return sources;
  if (const auto address = net::ServiceAddress::parse(config.value(vip, "address"))) {
    sources.insert(address->endpoint.address.to_string());
  }
  return sources;
}

std::chrono::milliseconds idle_of(const Config& config, const Path& vip, bool is_tcp) {
  using namespace std::chrono_literals;
  const auto set = model::parse_duration(config.value(vip, "idle-timeout"));
  if (set && *set != 0ms) return *set;
  return is_tcp ? limits::kTcpIdle : limits::kUdpIdle;
}

// Whether a network of `one` list is none of the `other`.
bool has_more(const Config& one, const std::string& list, const Config& other,
              const std::string& other_list) {
  const auto first = one.keys("prefix", Path{{"list", list}});
  const auto second = other.keys("prefix", Path{{"list", other_list}});
  return !std::ranges::includes(second, first);
}

// Whether the lists of this VIP refuse somebody whom those before did not. By what is written in
// them: a network that another one covers counts.
bool refuses_more(const Config& before, const Path& vip, const Config& after,
                  const Path& next_vip) {
  const auto same = [&](const std::string& a, const std::string& b) {
    return a == b && before.records().shares(after.records(), Path{{"list", a}});
  };
  const std::string deny = before.value(vip, "deny"), next_deny = after.value(next_vip, "deny");
  if (!next_deny.empty() && !same(deny, next_deny) && has_more(after, next_deny, before, deny)) {
    return true;
  }
  const std::string allow = before.value(vip, "allow"), next_allow = after.value(next_vip, "allow");
  if (next_allow.empty() || same(allow, next_allow)) return false;
  return allow.empty() || has_more(before, allow, after, next_allow);
}

// What is forwarded: VIPs that are disabled, or whose group is, are not.
std::map<std::string, Service> services_of(const Config& config) {
  std::map<std::string, Service> services;
  for (const std::string& name : config.keys("vip")) {
    const Path path{{"vip", name}};
    if (!model::is_answered_for(config, path)) continue;
    const std::string address = config.value(path, "address");
    const std::string pool = config.value(path, "pool");
    services[address] = {path, address, pool, sources_of(config, path, pool),
                         idle_of(config, path, address.ends_with("/tcp"))};
  }
  return services;
}

struct Backend {
  std::string pool, endpoint;
  friend auto operator<=>(const Backend&, const Backend&) = default;
  [[nodiscard]] Path path() const { return Path{{"pool", pool, "server", endpoint}}; }
};

std::set<Backend> backends_of(const Config& config, const std::set<std::string>& pools) {
  std::set<Backend> backends;
  for (const std::string& pool : pools) {
    for (const std::string& endpoint : config.keys("server", Path{{"pool", pool}})) {
      backends.insert({pool, endpoint});
    }
  }
  return backends;
}

// Where each backend of before is after: under its own name, or that of a renamed pool.
std::map<Backend, Backend> followed(const std::set<Backend>& before,
                                    const std::set<Backend>& after) {
  std::map<Backend, Backend> places;
  std::multimap<std::string, Backend> leaving;
  for (const Backend& backend : before) {
    if (after.contains(backend)) {
      places.emplace(backend, backend);
    } else {
      leaving.emplace(backend.endpoint, backend);
    }
  }
  for (const Backend& backend : after) {
    if (before.contains(backend)) continue;
    const auto from = leaving.find(backend.endpoint);
    if (from == leaving.end()) continue;
    places.emplace(from->second, backend);
    leaving.erase(from);
  }
  return places;
}

bool takes_flows(const Config& config, const Path& server) {
  return is_enabled(config, server) && config.value(server, "weight") != "0";
}

void add_restarts(const Config& before, const Config& after, std::vector<Effect>& effects) {
  for (const std::string& port : model::keys_that_differ(before, after, "port")) {
    effects.push_back({Path{{"port", port}}, Effect::Kind::kRestart, 0, false});
  }
}

// Owned by one call.
class Forecast {
 public:
  Forecast(const Config& before, const Config& after, const std::optional<api::Counters>& counters)
      : before_(before),
        after_(after),
        counters_(counters),
        services_(services_of(before)),
        next_services_(services_of(after)) {
    for (const auto& [address, service] : next_services_) {
      next_sources_.insert(service.sources.begin(), service.sources.end());
      // A VIP's own address is the unit's whether flows begin at it or not.
      if (const auto own = net::ServiceAddress::parse(address)) {
        next_sources_.insert(own->endpoint.address.to_string());
      }
    }
  }

  std::vector<Effect> run() {
    for (const auto& [address, service] : services_) foresee_service(service);
    // Of all others the backends are what they were.
    const auto pools = model::keys_that_differ(before_, after_, "pool");
    const auto backends = backends_of(before_, pools);
    const auto places = followed(backends, backends_of(after_, pools));
    for (const Backend& backend : backends) {
      const auto place = places.find(backend);
      foresee_backend(backend, place == places.end() ? nullptr : &place->second);
    }
    add_restarts(before_, after_, effects_);
    return std::move(effects_);
  }

 private:
  void foresee_service(const Service& service) {
    if (!next_services_.contains(service.address)) {
      cut_pools_.insert(service.pool);
      add(service.vip, Effect::Kind::kCut, flows_of(service));
      return;
    }
    kept_pools_.insert(service.pool);
    if (next_services_.at(service.address).idle < service.idle && flows_of(service) != 0U) {
      // How long each has rested is not counted.
      add(service.vip, Effect::Kind::kCut, std::nullopt);
      return;
    }
    if (refuses_more(before_, service.vip, after_, next_services_.at(service.address).vip) &&
        flows_of(service) != 0U) {
      // Whose they are is not counted.
      add(service.vip, Effect::Kind::kCut, std::nullopt);
      return;
    }
    const auto lost = std::ranges::count_if(service.sources, [&](const std::string& source) {
      return !next_sources_.contains(source);
    });
    if (lost == 0) return;
    // How many flows use one of several addresses is not counted.
    const bool all = static_cast<std::size_t>(lost) == service.sources.size();
    add(service.vip, Effect::Kind::kCut, all ? flows_of(service) : std::nullopt);
  }

  void foresee_backend(const Backend& backend, const Backend* place) {
    // The flows of a pool whose VIPs all end have been counted with them. One that no VIP names may
    // still have those from before its VIPs went to another.
    if (cut_pools_.contains(backend.pool) && !kept_pools_.contains(backend.pool)) return;
    if (place == nullptr) {
      add(backend.path(), Effect::Kind::kCut, flows_of(backend), cut_pools_.contains(backend.pool));
    } else if (takes_flows(before_, backend.path()) && !takes_flows(after_, place->path())) {
      add(backend.path(), Effect::Kind::kDrain, flows_of(backend),
          cut_pools_.contains(backend.pool));
    }
  }

  void add(const Path& path, Effect::Kind kind, std::optional<std::uint64_t> flows,
           bool counted_twice = false) {
    if (flows != 0U) effects_.push_back({path, kind, flows, counted_twice});
  }

  [[nodiscard]] std::optional<std::uint64_t> flows_of(const Service& service) const {
    if (!counters_) return std::nullopt;
    const auto found = counters_->vips.find(service.vip.key());
    return found == counters_->vips.end() ? 0 : found->second.flows_open;
  }

  [[nodiscard]] std::optional<std::uint64_t> flows_of(const Backend& backend) const {
    if (!counters_) return std::nullopt;
    const auto pool = counters_->servers.find(backend.pool);
    if (pool == counters_->servers.end()) return 0;
    const auto server = pool->second.find(backend.endpoint);
    return server == pool->second.end() ? 0 : server->second.flows_open;
  }

  const Config& before_;
  const Config& after_;
  const std::optional<api::Counters>& counters_;
  std::map<std::string, Service> services_, next_services_;
  std::set<std::string> next_sources_;
  std::set<std::string> cut_pools_, kept_pools_;  // of VIPs that end, of VIPs that stay
  std::vector<Effect> effects_;
};

}  // namespace

std::vector<Effect> impact(const Config& before, const Config& after,
                           const std::optional<api::Counters>& counters) {
  return Forecast(before, after, counters).run();
}

std::vector<Effect> impact(const Config& before, const Config& after,
                           const api::Forecast& forecast) {
  std::vector<Effect> effects;
  for (const auto& [vip, flows] : forecast.vips) {
    effects.push_back({Path{{"vip", vip}}, Effect::Kind::kCut, flows, false});
  }
  for (const auto& [pool, servers] : forecast.servers) {
    for (const auto& [server, flows] : servers) {
      const Path path{{"pool", pool, "server", server}};
      if (flows.cut != 0) {
        effects.push_back({path, Effect::Kind::kCut, flows.cut, false});
      } else if (takes_flows(before, path)) {
        effects.push_back({path, Effect::Kind::kDrain, flows.kept, false});
      }
    }
  }
  add_restarts(before, after, effects);
  return effects;
}

bool is_vague(const std::vector<Effect>& effects) noexcept {
  return std::ranges::any_of(
      effects, [](const Effect& effect) { return !effect.flows || effect.counted_twice; });
}

std::string_view to_string(Effect::Kind kind) noexcept {
  if (kind == Effect::Kind::kRestart) return "restart";
  return kind == Effect::Kind::kCut ? "cut" : "drain";
}

}  // namespace yoke::commit
