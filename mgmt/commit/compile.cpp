// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/compile.h"

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/number.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/group.h"
#include "mgmt/model/pair_rules.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/snat.h"

namespace yoke::commit {
namespace {

api::Server compile_server(const model::Fields& fields, const ServerId& id,
                           const ServerStates& states) {
  const model::Field& weight = *model::find_field(*model::find_type("server"), "weight");
  api::Server server;
  server.endpoint = id.server;
  server.weight =
      static_cast<std::uint16_t>(parse_decimal(model::value_in(fields, weight)).value_or(1));
  const ServerStatus* status = states.find(id);
  server.state = status == nullptr ? api::ServerState::kDown : status->published();
  server.response_us = status == nullptr ? 0 : status->published_response_us();
  return server;
}

api::Scheduler scheduler_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, api::Scheduler>, 5> kSchedulers{{
      {"maglev", api::Scheduler::kMaglev},
      {"round-robin", api::Scheduler::kRoundRobin},
      {"least-connections", api::Scheduler::kLeastConnections},
      {"source-hash", api::Scheduler::kSourceHash},
      {"response-time", api::Scheduler::kResponseTime},
  }};
  for (const auto& [name, scheduler] : kSchedulers) {
    if (name == word) return scheduler;
  }
  return api::Scheduler::kMaglev;
}

api::Pool compile_pool(const model::Config& config, const std::string& name,
                       const ServerStates& states) {
  const model::Path path{{"pool", name}};
  api::Pool pool;
  pool.name = name;
  pool.method = config.value(path, "method") == "dsr" ? api::Method::kDsr : api::Method::kNat;
  pool.scheduler = scheduler_of(config.value(path, "scheduler"));
  for (const model::Config::Child& child : config.children("server", path)) {
    const auto endpoint = net::Endpoint::parse(child.key);
    if (!endpoint) continue;  // the schema lets nothing else be a server's key
    pool.servers.push_back(compile_server(child.fields, {name, *endpoint}, states));
  }
  return pool;
}

std::uint32_t whole_seconds(const std::string& duration) {
  const auto time = model::parse_duration(duration);
  if (!time) return 0;
  return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
}

std::uint32_t number_of(const model::Config& config, const model::Path& path,
                        std::string_view field) {
  return static_cast<std::uint32_t>(parse_decimal(config.value(path, field)).value_or(0));
}

api::FlowLimits compile_limits(const model::Config& config, const model::Path& vip, bool is_v4) {
  api::FlowLimits limits{.max_flows = number_of(config, vip, "max-flows"),
                         .new_flow_rate = number_of(config, vip, "new-flow-rate"),
                         .client_new_flow_rate = number_of(config, vip, "client-new-flow-rate")};
  const auto length = static_cast<std::uint8_t>(number_of(config, vip, "client-prefix-length"));
  if (length != 0 && is_v4) limits.client_length_v4 = length;
  if (length != 0 && !is_v4) limits.client_length_v6 = length;
  return limits;
}

api::Vip compile_vip(const model::Config& config, const model::Path& path) {
  api::Vip vip;
  vip.name = path.key();
  if (const auto address = net::ServiceAddress::parse(config.value(path, "address"))) {
    vip.address = *address;
  }
  vip.pool = config.value(path, "pool");
  vip.idle_timeout_s = whole_seconds(config.value(path, "idle-timeout"));
  vip.snat = model::snat_addresses(config, path);
  vip.allow = config.value(path, "allow");
  vip.deny = config.value(path, "deny");
  vip.sync = config.value(path, "sync") == "none" ? api::FlowSync::kNone : api::FlowSync::kSync;
  vip.limits = compile_limits(config, path, vip.address.endpoint.address.is_v4());
  return vip;
}

std::vector<api::PrefixList> compile_lists(const std::vector<api::Vip>& vips,
                                           const PrefixSets& sets) {
  std::set<std::string> names;
  for (const api::Vip& vip : vips) names.insert({vip.allow, vip.deny});
  names.erase("");
  std::vector<api::PrefixList> lists;
  lists.reserve(names.size());
  for (const std::string& name : names) lists.push_back({name, sets.of(name)});
  return lists;
}

// Of a pair each group is held, so that a unit answers for it under a lease alone. A unit that
// stands alone has none: what moves together is nothing to its data plane.
void compile_groups(const model::Config& config, api::Configuration& configuration) {
  if (!model::is_pair(config)) return;
  std::set<std::string> names;
  for (api::Vip& vip : configuration.vips) {
    vip.group = config.value({{"vip", vip.name}}, "group");
    names.insert(vip.group);
  }
  for (const std::string& name : names) {
    configuration.groups.push_back({name, api::Lease::kHeld});
  }
}

}  // namespace

api::Configuration compile(const model::Config& config, const ServerStates& states,
                           std::uint64_t revision, const std::array<std::uint8_t, 16>& hash_key,
                           const PrefixSets& known) {
  api::Configuration configuration;
  configuration.revision = revision;
  configuration.hash_key = hash_key;
  for (const auto& name : config.keys("pool")) {
    configuration.pools.push_back(compile_pool(config, name, states));
  }
  for (const auto& name : config.keys("vip")) {
    const model::Path path{{"vip", name}};
    if (!model::is_answered_for(config, path)) continue;
    configuration.vips.push_back(compile_vip(config, path));
  }
  compile_groups(config, configuration);
  configuration.lists = compile_lists(configuration.vips, known.following(config));
  return configuration;
}

}  // namespace yoke::commit
