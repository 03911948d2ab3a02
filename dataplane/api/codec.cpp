// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/codec.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "dataplane/api/json_reader.h"

namespace yoke::api {
namespace {

constexpr std::array<std::string_view, 2> kMethods{"nat", "dsr"};
constexpr std::array<std::string_view, 5> kSchedulers{"maglev", "round-robin", "least-connections",
                                                      "source-hash", "response-time"};
constexpr std::array<std::string_view, 3> kStates{"up", "down", "draining"};
constexpr std::array<std::string_view, 2> kLeases{"standing", "held"};
constexpr std::array<std::string_view, 2> kFlowSyncs{"none", "sync"};

std::string_view word(Method method) { return kMethods.at(static_cast<std::size_t>(method)); }
std::string_view word(Scheduler scheduler) {
  return kSchedulers.at(static_cast<std::size_t>(scheduler));
}
std::string_view word(Lease lease) { return kLeases.at(static_cast<std::size_t>(lease)); }
std::string_view word(FlowSync sync) { return kFlowSyncs.at(static_cast<std::size_t>(sync)); }
std::string_view word(ServerState state) { return kStates.at(static_cast<std::size_t>(state)); }

template <typename T>
Json encode_list(const std::vector<T>& items, Json (*encode_item)(const T&)) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(encode_item(item));
  return list;
}

std::string hex(const std::array<std::uint8_t, 16>& bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::array<std::uint8_t, 16> read_hash_key(const Reader& at) {
  std::array<std::uint8_t, 16> key{};
  const std::string text = at.string();
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  if (text.size() != 2 * key.size() ||
      text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    at.note(kBadValue, "32 hexadecimal digits in lower case are needed");
    return key;
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    key.at(i) = static_cast<std::uint8_t>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  }
  return key;
}

// A release before does not write it, and most servers have none.
constexpr std::string_view kResponse = "response_us";

void add_response(std::uint32_t response_us, Json& json) {
  if (response_us != 0) json[std::string(kResponse)] = response_us;
}

std::uint32_t read_response(const Reader& at) {
  return at.has(kResponse) ? at[kResponse].number<std::uint32_t>() : 0;
}

Json encode_server(const Server& server) {
  Json json = {{"endpoint", server.endpoint.to_string()},
               {"weight", server.weight},
               {"state", word(server.state)}};
  add_response(server.response_us, json);
  return json;
}

Server read_server(const Reader& at) {
  return {.endpoint = at["endpoint"].parsed<net::Endpoint>(),
          .weight = at["weight"].number<std::uint16_t>(),
          .state = at["state"].one_of<ServerState>(kStates),
          .response_us = read_response(at)};
}

// A release before knows maglev alone and does not write it.
constexpr std::string_view kScheduler = "scheduler";

Json encode_pool(const Pool& pool) {
  Json json = {{"name", pool.name},
               {"method", word(pool.method)},
               {"servers", encode_list(pool.servers, encode_server)}};
  if (pool.scheduler != Scheduler::kMaglev) json[std::string(kScheduler)] = word(pool.scheduler);
  return json;
}

Pool read_pool(const Reader& at) {
  return {.name = at["name"].string(),
          .method = at["method"].one_of<Method>(kMethods),
          .servers = at["servers"].list(read_server),
          .scheduler = at.has(kScheduler) ? at[kScheduler].one_of<Scheduler>(kSchedulers)
                                          : Scheduler::kMaglev};
}

Json encode_address(const net::IpAddress& address) { return address.to_string(); }
net::IpAddress read_address(const Reader& at) { return at.parsed<net::IpAddress>(); }

Json encode_prefix(const net::Prefix& prefix) { return prefix.to_string(); }
net::Prefix read_prefix(const Reader& at) { return at.parsed<net::Prefix>(); }

Json encode_limits(const FlowLimits& limits) {
  return {{"max_flows", limits.max_flows},
          {"new_flow_rate", limits.new_flow_rate},
          {"client_new_flow_rate", limits.client_new_flow_rate},
          {"client_length_v4", limits.client_length_v4},
          {"client_length_v6", limits.client_length_v6}};
}

// What is not there is as FlowLimits has it.
FlowLimits read_limits(const Reader& at) {
  FlowLimits limits;
  (void)at.map([](const Reader&) { return 0; });  // notes where it is no object at all
  const auto read_number = [&at](std::string_view key, auto& number) {
    if (at.has(key)) number = at[key].number<std::remove_reference_t<decltype(number)>>();
  };
  read_number("max_flows", limits.max_flows);
  read_number("new_flow_rate", limits.new_flow_rate);
  read_number("client_new_flow_rate", limits.client_new_flow_rate);
  read_number("client_length_v4", limits.client_length_v4);
  read_number("client_length_v6", limits.client_length_v6);
  return limits;
}

Json encode_vip(const Vip& vip) {
  Json json{{"name", vip.name},
            {"address", vip.address.to_string()},
            {"pool", vip.pool},
            {"snat", encode_list(vip.snat, encode_address)},
            {"idle_timeout_s", vip.idle_timeout_s}};
  if (!vip.allow.empty()) json["allow"] = vip.allow;
  if (!vip.deny.empty()) json["deny"] = vip.deny;
  if (!(vip.limits == FlowLimits())) json["limits"] = encode_limits(vip.limits);
  if (!vip.group.empty()) json["group"] = vip.group;
  if (vip.sync != FlowSync::kSync) json["sync"] = word(vip.sync);
  return json;
}

Vip read_vip(const Reader& at) {
  return {.name = at["name"].string(),
          .address = at["address"].parsed<net::ServiceAddress>(),
          .pool = at["pool"].string(),
          .snat = at["snat"].list(read_address),
          .idle_timeout_s = at["idle_timeout_s"].number<std::uint32_t>(),
          .allow = at.has("allow") ? at["allow"].string() : std::string(),
          .deny = at.has("deny") ? at["deny"].string() : std::string(),
          .limits = at.has("limits") ? read_limits(at["limits"]) : FlowLimits(),
          .group = at.has("group") ? at["group"].string() : std::string(),
          .sync = at.has("sync") ? at["sync"].one_of<FlowSync>(kFlowSyncs) : FlowSync::kSync};
}

Lease read_lease(const Reader& at) {
  return at.has("lease") ? at["lease"].one_of<Lease>(kLeases) : Lease::kStanding;
}

Json encode_group(const Group& group) {
  return {{"name", group.name}, {"lease", word(group.lease)}};
}

Group read_group(const Reader& at) {
  return {.name = at["name"].string(), .lease = read_lease(at)};
}

Json encode_group_lease(const GroupLease& lease) {
  return {{"group", lease.group},      {"lease", word(lease.lease)},
          {"served", lease.is_served}, {"line", lease.has_line},
          {"epoch", lease.epoch},      {"remaining_us", lease.remaining_us},
          {"reason", lease.reason}};
}

GroupLease read_group_lease(const Reader& at) {
  return {.group = at["group"].string(),
          .lease = read_lease(at),
          .is_served = at["served"].boolean(),
          .has_line = at["line"].boolean(),
          .epoch = at["epoch"].number<std::uint64_t>(),
          .remaining_us = at["remaining_us"].number<std::uint64_t>(),
          .reason = at.has("reason") ? at["reason"].string() : std::string()};
}

Json encode_flow_sync(const FlowSyncStatus& sync) {
  return {{"link", sync.has_link},
          {"told", sync.is_told},
          {"whole", sync.is_whole},
          {"lag_us", sync.lag_us},
          {"records_told", sync.told},
          {"records_heard", sync.heard},
          {"records_adopted", sync.adopted},
          {"strays_sent", sync.strays_sent},
          {"strays_taken", sync.strays_taken},
          {"strays_lost", sync.strays_lost}};
}

FlowSyncStatus read_flow_sync(const Reader& at) {
  const auto later = [&](const char* key) {  // than the first release that had any of it
    return at.has(key) ? at[key].number<std::uint64_t>() : 0;
  };
  return {.has_link = at["link"].boolean(),
          .is_told = at["told"].boolean(),
          .is_whole = at["whole"].boolean(),
          .lag_us = at["lag_us"].number<std::uint64_t>(),
          .told = at["records_told"].number<std::uint64_t>(),
          .heard = at["records_heard"].number<std::uint64_t>(),
          .adopted = at["records_adopted"].number<std::uint64_t>(),
          .strays_sent = later("strays_sent"),
          .strays_taken = later("strays_taken"),
          .strays_lost = later("strays_lost")};
}

Json encode_prefix_list(const PrefixList& list) {
  Json json{{"name", list.name}, {"prefixes", Json::array()}};
  for (const net::Prefix& prefix : list.prefixes.prefixes()) {
    json["prefixes"].push_back(prefix.to_string());
  }
  return json;
}

PrefixList read_prefix_list(const Reader& at) {
  return {.name = at["name"].string(), .prefixes = PrefixSet(at["prefixes"].list(read_prefix))};
}

Json encode_list_difference(const ListDifference& list) {
  return {{"name", list.name},
          {"added", encode_list(list.added, encode_prefix)},
          {"gone", encode_list(list.gone, encode_prefix)}};
}

ListDifference read_list_difference(const Reader& at) {
  return {.name = at["name"].string(),
          .added = at["added"].list(read_prefix),
          .gone = at["gone"].list(read_prefix)};
}

// A list that releases before do not know: empty where it is not there.
template <typename Item>
std::vector<Item> read_newer(const Reader& at, std::string_view key, Item (*read)(const Reader&)) {
  return at.has(key) ? at[key].list(read) : std::vector<Item>();
}

Configuration read_configuration(const Reader& at) {
  return {.revision = at["revision"].number<std::uint64_t>(),
          .hash_key = read_hash_key(at["hash_key"]),
          .pools = at["pools"].list(read_pool),
          .vips = at["vips"].list(read_vip),
          .lists = read_newer(at, "lists", read_prefix_list),
          .groups = read_newer(at, "groups", read_group),
          .tells_groups = at.has("groups")};
}

ServerStateChange read_change(const Reader& at) {
  return {.pool = at["pool"].string(),
          .server = at["server"].parsed<net::Endpoint>(),
          .state = at["state"].one_of<ServerState>(kStates),
          .response_us = read_response(at)};
}

RunningState read_running(const Reader& at) {
  return {
      .revision = at["revision"].number<std::uint64_t>(),
      .generation = at["generation"].number<std::uint64_t>(),
      .digest = at["digest"].string(),
      .servers = at["servers"].list(read_change),
      .hash_key = at.has("hash_key") ? std::optional(read_hash_key(at["hash_key"])) : std::nullopt};
}

Activation read_activation(const Reader& at) {
  return {.generation = at["generation"].number<std::uint64_t>(), .digest = at["digest"].string()};
}

// Without a sign, as what is read: a message means the same before it has been text.
constexpr std::uint32_t kWritten = kVersion;

// kVersion and the one before it.
int read_version(const Reader& at) {
  const auto version = at.number<std::uint32_t>();
  const auto newest = static_cast<std::uint32_t>(kVersion);
  if (version > newest || version + 1 < newest) {
    at.note(kBadVersion, fmt::format("version {} is not spoken here: {} or {} is needed", version,
                                     newest - 1, newest));
    return 0;
  }
  return static_cast<int>(version);
}

ProcessStatus read_status(const Reader& at) {
  return {.running = read_running(at),
          .version = read_version(at["version"]),
          .ports_ready = at["ports_ready"].boolean(),
          .uptime_s = at["uptime_s"].number<std::uint64_t>(),
          .leases = read_newer(at, "leases", read_group_lease),
          .flow_sync = at.has("flow_sync") ? read_flow_sync(at["flow_sync"]) : FlowSyncStatus()};
}

Configuration read_stage(const Reader& at) {
  (void)read_version(at["version"]);
  return read_configuration(at["configuration"]);
}

std::string read_string(const Reader& at) { return at.string(); }

Difference read_difference(const Reader& at) {
  return {.base = at["base"].string(),
          .revision = at["revision"].number<std::uint64_t>(),
          .pools = at["pools"].list(read_pool),
          .vips = at["vips"].list(read_vip),
          .pools_gone = at["pools_gone"].list(read_string),
          .vips_gone = at["vips_gone"].list(read_string),
          .lists = read_newer(at, "lists", read_list_difference),
          .lists_gone = read_newer(at, "lists_gone", read_string),
          .groups = read_newer(at, "groups", read_group),
          .tells_groups = at.has("groups")};
}

Difference read_stage_difference(const Reader& at) {
  (void)read_version(at["version"]);
  return read_difference(at["difference"]);
}

}  // namespace

Json encode(const Configuration& configuration) {
  Json json{{"revision", configuration.revision},
            {"hash_key", hex(configuration.hash_key)},
            {"pools", encode_list(configuration.pools, encode_pool)},
            {"vips", encode_list(configuration.vips, encode_vip)},
            {"lists", encode_list(configuration.lists, encode_prefix_list)}};
  if (configuration.tells_groups) json["groups"] = encode_list(configuration.groups, encode_group);
  return json;
}

Json encode(const ServerStateChange& change) {
  Json json = {
      {"pool", change.pool}, {"server", change.server.to_string()}, {"state", word(change.state)}};
  add_response(change.response_us, json);
  return json;
}

Json encode(const RunningState& running) {
  Json json = {{"revision", running.revision},
               {"generation", running.generation},
               {"digest", running.digest},
               {"servers", encode_list<ServerStateChange>(running.servers, encode)}};
  if (running.hash_key) json["hash_key"] = hex(*running.hash_key);
  return json;
}

Json encode(const ProcessStatus& status) {
  Json json = encode(status.running);
  json["version"] = status.version;
  json["ports_ready"] = status.ports_ready;
  json["uptime_s"] = status.uptime_s;
  json["leases"] = encode_list(status.leases, encode_group_lease);
  json["flow_sync"] = encode_flow_sync(status.flow_sync);
  return json;
}

Json encode(const Activation& activation) {
  return {{"generation", activation.generation}, {"digest", activation.digest}};
}

Json encode_stage(const Configuration& configuration) {
  return {{"version", kWritten}, {"configuration", encode(configuration)}};
}

Json encode_stage(const Difference& difference) {
  Json json{{"base", difference.base},
            {"revision", difference.revision},
            {"pools", encode_list(difference.pools, encode_pool)},
            {"vips", encode_list(difference.vips, encode_vip)},
            {"pools_gone", difference.pools_gone},
            {"vips_gone", difference.vips_gone},
            {"lists", encode_list(difference.lists, encode_list_difference)},
            {"lists_gone", difference.lists_gone}};
  if (difference.tells_groups) json["groups"] = encode_list(difference.groups, encode_group);
  return {{"version", kWritten}, {"difference", std::move(json)}};
}

Json encode_changes(const std::vector<ServerStateChange>& changes) {
  return {{"changes", encode_list<ServerStateChange>(changes, encode)}};
}

Json encode_digest(const std::string& digest) { return {{"digest", digest}}; }
Json encode_generation(std::uint64_t generation) { return {{"generation", generation}}; }

Result<Configuration> decode_configuration(const Json& json) {
  return read(json, read_configuration);
}
Result<ServerStateChange> decode_server_state_change(const Json& json) {
  return read(json, read_change);
}
Result<RunningState> decode_running_state(const Json& json) { return read(json, read_running); }
Result<ProcessStatus> decode_process_status(const Json& json) { return read(json, read_status); }
Result<Activation> decode_activation(const Json& json) { return read(json, read_activation); }
Result<Configuration> decode_stage(const Json& params) { return read(params, read_stage); }
Result<Difference> decode_stage_difference(const Json& params) {
  return read(params, read_stage_difference);
}

Result<std::vector<ServerStateChange>> decode_changes(const Json& params) {
  return read(params, [](const Reader& at) { return at["changes"].list(read_change); });
}
Result<std::string> decode_digest(const Json& json) {
  return read(json, [](const Reader& at) { return at["digest"].string(); });
}
Result<std::uint64_t> decode_generation(const Json& json) {
  return read(json, [](const Reader& at) { return at["generation"].number<std::uint64_t>(); });
}

}  // namespace yoke::api
