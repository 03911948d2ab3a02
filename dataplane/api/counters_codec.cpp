// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/codec.h"
#include "dataplane/api/json_reader.h"

// The JSON form of Counters, Connections and Forecast: tables of numbers.
namespace yoke::api {
namespace {

std::uint64_t read_count(const Reader& at) { return at.number<std::uint64_t>(); }

Json encode_traffic(const TrafficCounters& c) {
  return {{"packets_in", c.packets_in},       {"packets_out", c.packets_out},
          {"bytes_in", c.bytes_in},           {"bytes_out", c.bytes_out},
          {"flows_created", c.flows_created}, {"flows_open", c.flows_open}};
}

// The order of TrafficCounters.
Json encode_traffic_compact(const TrafficCounters& c) {
  return Json::array(
      {c.packets_in, c.packets_out, c.bytes_in, c.bytes_out, c.flows_created, c.flows_open});
}

TrafficCounters read_traffic_list(const Reader& at) {
  const auto counts = at.list(read_count);
  if (counts.size() != 6) {
    at.note(kBadValue, "six numbers are needed");
    return {};
  }
  return {counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

TrafficCounters read_traffic(const Reader& at) {
  if (at.is_list()) return read_traffic_list(at);
  return {.packets_in = read_count(at["packets_in"]),
          .packets_out = read_count(at["packets_out"]),
          .bytes_in = read_count(at["bytes_in"]),
          .bytes_out = read_count(at["bytes_out"]),
          .flows_created = read_count(at["flows_created"]),
          .flows_open = read_count(at["flows_open"])};
}

Json encode_worker(const WorkerCounters& c) {
  return {{"rx", c.rx},           {"taken_over", c.taken_over}, {"tx", c.tx},
          {"replied", c.replied}, {"punted", c.punted},         {"handed_over", c.handed_over},
          {"drops", c.drops}};
}

WorkerCounters read_worker(const Reader& at) {
  return {.rx = read_count(at["rx"]),
          .taken_over = read_count(at["taken_over"]),
          .tx = read_count(at["tx"]),
          .replied = read_count(at["replied"]),
          .punted = read_count(at["punted"]),
          .handed_over = read_count(at["handed_over"]),
          .drops = at["drops"].map(read_count)};
}

Json encode_port(const PortCounters& c) {
  return {{"name", c.name},           {"driver", c.driver},         {"mac", c.mac},
          {"link_up", c.link_up},     {"rx_packets", c.rx_packets}, {"tx_packets", c.tx_packets},
          {"rx_bytes", c.rx_bytes},   {"tx_bytes", c.tx_bytes},     {"rx_missed", c.rx_missed},
          {"rx_errors", c.rx_errors}, {"tx_errors", c.tx_errors}};
}

PortCounters read_port(const Reader& at) {
  return {.name = at["name"].string(),
          .driver = at["driver"].string(),
          .mac = at["mac"].string(),
          .link_up = at["link_up"].boolean(),
          .rx_packets = read_count(at["rx_packets"]),
          .tx_packets = read_count(at["tx_packets"]),
          .rx_bytes = read_count(at["rx_bytes"]),
          .tx_bytes = read_count(at["tx_bytes"]),
          .rx_missed = read_count(at["rx_missed"]),
          .rx_errors = read_count(at["rx_errors"]),
          .tx_errors = read_count(at["tx_errors"])};
}

using EncodeTraffic = Json (*)(const TrafficCounters&);

Json encode_traffic_map(const std::map<std::string, TrafficCounters>& counters,
                        EncodeTraffic encode_one) {
  Json::object_t json;
  for (const auto& [name, traffic] : counters) {
    json.emplace_hint(json.end(), name, encode_one(traffic));
  }
  return json;
}

std::map<std::string, TrafficCounters> read_traffic_map(const Reader& at) {
  return at.map(read_traffic);
}

using Refused = decltype(Counters::refused);
Refused::mapped_type read_refused(const Reader& at) { return at.map(read_count); }

Counters read_counters(const Reader& at) {
  return {.workers = at["workers"].list(read_worker),
          .ports = at["ports"].list(read_port),
          .vips = read_traffic_map(at["vips"]),
          .servers = at["servers"].map(read_traffic_map),
          .refused = at.has("refused") ? at["refused"].map(read_refused) : Refused(),
          .flows_open = read_count(at["flows_open"]),
          .flows_capacity = read_count(at["flows_capacity"])};
}

bool read_flag(const Reader& at, std::string_view key, bool unless_told) {
  return at.has(key) ? at[key].boolean() : unless_told;
}

CountersQuestion read_counters_wanted(const Reader& at) {
  return {.wanted = {.vips = read_flag(at, "vips", true),
                     .servers = read_flag(at, "servers", true),
                     .pool = at.has("pool") ? at["pool"].string() : std::string()},
          .compact = read_flag(at, "compact", false)};
}

StatusWanted read_status_wanted(const Reader& at) {
  return {.servers = read_flag(at, "servers", true)};
}

Json encode_connection(const ConnectionCounters& c) {
  return Json::array({c.answered, c.refused, c.unanswered, c.reset});
}

ConnectionCounters read_connection(const Reader& at) {
  const auto counts = at.list(read_count);
  if (counts.size() < 4) {
    at.note(kBadValue, "four numbers are needed");
    return {};
  }
  return {counts[0], counts[1], counts[2], counts[3]};
}

Connections read_connections(const Reader& at) {
  return {.pools =
              at["connections"].map([](const Reader& pool) { return pool.map(read_connection); })};
}

ConnectionsWanted read_connections_wanted(const Reader& at) {
  if (!at.has("pools")) return {};
  return {.pools = at["pools"].list([](const Reader& name) { return name.string(); })};
}

Forecast::Server read_forecast_server(const Reader& at) {
  const auto counts = at.list(read_count);
  if (counts.size() < 2) return {};
  return {.cut = counts[0], .kept = counts[1]};
}

Forecast read_forecast(const Reader& at) {
  return {.is_counted = at["counted"].boolean(),
          .vips = at["vips"].map(read_count),
          .servers =
              at["servers"].map([](const Reader& pool) { return pool.map(read_forecast_server); })};
}

Json encode_counters(const Counters& counters, EncodeTraffic encode_one) {
  Json json{{"workers", Json::array()},
            {"ports", Json::array()},
            {"vips", encode_traffic_map(counters.vips, encode_one)},
            {"servers", Json::object()},
            {"refused", counters.refused},
            {"flows_open", counters.flows_open},
            {"flows_capacity", counters.flows_capacity}};
  for (const auto& worker : counters.workers) json["workers"].push_back(encode_worker(worker));
  for (const auto& port : counters.ports) json["ports"].push_back(encode_port(port));
  for (const auto& [pool, servers] : counters.servers) {
    json["servers"][pool] = encode_traffic_map(servers, encode_one);
  }
  return json;
}

}  // namespace

Json encode(const Counters& counters) { return encode_counters(counters, encode_traffic); }

Json encode_compact(const Counters& counters) {
  return encode_counters(counters, encode_traffic_compact);
}

Json encode_wanted(const CountersWanted& wanted) {
  return {
      {"vips", wanted.vips}, {"servers", wanted.servers}, {"pool", wanted.pool}, {"compact", true}};
}

Json encode(const Connections& connections) {
  Json json{{"connections", Json::object()}};
  for (const auto& [pool, servers] : connections.pools) {
    Json& told = json["connections"][pool] = Json::object();
    for (const auto& [server, counters] : servers) told[server] = encode_connection(counters);
  }
  return json;
}

Json encode(const Forecast& forecast) {
  Json json{{"counted", forecast.is_counted}, {"vips", forecast.vips}, {"servers", Json::object()}};
  for (const auto& [pool, servers] : forecast.servers) {
    Json& told = json["servers"][pool] = Json::object();
    for (const auto& [server, flows] : servers) told[server] = {flows.cut, flows.kept};
  }
  return json;
}

Json encode_wanted(const ConnectionsWanted& wanted) { return {{"pools", wanted.pools}}; }

Json encode_wanted(const StatusWanted& wanted) { return {{"servers", wanted.servers}}; }

Result<CountersQuestion> decode_counters_wanted(const Json& params) {
  return read(params, read_counters_wanted);
}

Result<ConnectionsWanted> decode_connections_wanted(const Json& params) {
  return read(params, read_connections_wanted);
}

Result<StatusWanted> decode_status_wanted(const Json& params) {
  return read(params, read_status_wanted);
}

Result<Counters> decode_counters(const Json& json) { return read(json, read_counters); }

Result<Connections> decode_connections(const Json& json) { return read(json, read_connections); }

Result<Forecast> decode_forecast(const Json& json) { return read(json, read_forecast); }

}  // namespace yoke::api
