// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/codec.h"
#include "dataplane/api/json_reader.h"

// The JSON form of Counters: five tables of numbers.
namespace yoke::api {
namespace {

std::uint64_t read_count(const Reader& at) { return at.number<std::uint64_t>(); }

Json encode_traffic(const TrafficCounters& c) {
  return {{"packets_in", c.packets_in},       {"packets_out", c.packets_out},
          {"bytes_in", c.bytes_in},           {"bytes_out", c.bytes_out},
          {"flows_created", c.flows_created}, {"flows_open", c.flows_open}};
}

TrafficCounters read_traffic(const Reader& at) {
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

Json encode_traffic_map(const std::map<std::string, TrafficCounters>& counters) {
  Json json = Json::object();
  for (const auto& [name, traffic] : counters) json[name] = encode_traffic(traffic);
  return json;
}

std::map<std::string, TrafficCounters> read_traffic_map(const Reader& at) {
  return at.map(read_traffic);
}

Counters read_counters(const Reader& at) {
  return {.workers = at["workers"].list(read_worker),
          .ports = at["ports"].list(read_port),
          .vips = read_traffic_map(at["vips"]),
          .servers = at["servers"].map(read_traffic_map),
          .flows_open = read_count(at["flows_open"]),
          .flows_capacity = read_count(at["flows_capacity"])};
}

}  // namespace

Json encode(const Counters& counters) {
  Json json{{"workers", Json::array()},
            {"ports", Json::array()},
            {"vips", encode_traffic_map(counters.vips)},
            {"servers", Json::object()},
            {"flows_open", counters.flows_open},
            {"flows_capacity", counters.flows_capacity}};
  for (const auto& worker : counters.workers) json["workers"].push_back(encode_worker(worker));
  for (const auto& port : counters.ports) json["ports"].push_back(encode_port(port));
  for (const auto& [pool, servers] : counters.servers) {
    json["servers"][pool] = encode_traffic_map(servers);
  }
  return json;
}

Result<Counters> decode_counters(const Json& json) { return read(json, read_counters); }

}  // namespace yoke::api
