// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/lb/pipeline.h"
#include "dataplane/net/parse.h"
#include "dataplane/net/reply.h"
#include "tests/support/packets.h"

// One worker's pipeline with a small network around it: port 0 with clients and a router, port 1
// with three servers of each family, and VIPs in nat and dsr, TCP and UDP.
namespace yoke::lb {

inline net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }
inline net::MacAddress mac(std::uint8_t last) { return {{2, 0, 0, 0, 0, last}}; }

inline constexpr const char* kNatV4 = "203.0.113.10";
inline constexpr const char* kNatV6 = "2001:db8:1::10";
inline constexpr const char* kDsrV4 = "203.0.113.20";
inline constexpr const char* kDsrV6 = "2001:db8:1::20";

class Rig {
 public:
  explicit Rig(std::uint8_t worker = 0, std::uint8_t workers = 1, std::uint32_t capacity = 1000)
      : flows_(capacity), pipeline_(worker, workers, flows_, counters_, admission_) {
    snapshot_.ports = {{mac(0x0a)}, {mac(0x0b)}};
    for (const std::string prefix : {"10.0.0.", "2001:db8:2::"}) {
      for (int i = 1; i <= 3; ++i) add_server(prefix + std::to_string(i), i);
    }
    for (const auto& [vip, method] : {std::pair{kNatV4, Method::kNat},
                                      {kNatV6, Method::kNat},
                                      {kDsrV4, Method::kDsr},
                                      {kDsrV6, Method::kDsr}}) {
      for (const auto protocol : {net::Protocol::kTcp, net::Protocol::kUdp}) {
        add_service(vip, method, protocol);
      }
    }
    rebuild();
  }

  // What became of one frame; `frame` is as it would be sent.
  struct Result {
    Verdict verdict;
    test::Frame frame;
    [[nodiscard]] net::ParsedPacket parsed() const {
      net::ParsedPacket p;
      (void)net::parse(frame.data(), static_cast<std::uint16_t>(frame.size()), p);
      return p;
    }
    [[nodiscard]] net::MacAddress destination_mac() const {
      return net::load<net::EthernetHeader>(frame.data()).destination;
    }
  };
  Result send(test::Frame frame, std::uint8_t port = 0, bool is_handed_over = false) {
    constexpr std::uint16_t kRoom = 64;
    const auto length = static_cast<std::uint16_t>(frame.size());
    frame.resize(frame.size() + kRoom);
    const Packet packet{frame.data(), length, kRoom, port, is_handed_over};
    Verdict verdict;
    pipeline_.process({&packet, 1}, {&verdict, 1}, snapshot_, now_, served_);
    frame.resize(verdict.length);
    return {verdict, frame};
  }
  Result send(const test::PacketSpec& spec, std::uint8_t port = 0, bool is_handed_over = false) {
    return send(test::make_packet(spec), port, is_handed_over);
  }
  // The answer of whoever got `forwarded`: addresses, ports and MACs turned round.
  [[nodiscard]] static test::PacketSpec answer_to(const Result& forwarded, std::uint8_t flags) {
    const auto p = forwarded.parsed();
    test::PacketSpec spec;
    spec.source = p.destination.to_string();
    spec.destination = p.source.to_string();
    spec.source_port = p.destination_port.host();
    spec.destination_port = p.source_port.host();
    spec.protocol = static_cast<std::uint8_t>(p.protocol);
    spec.tcp_flags = flags;
    spec.from_mac = forwarded.destination_mac().to_string();
    spec.to_mac = mac(0x0b).to_string();
    return spec;
  }

  [[nodiscard]] std::uint64_t drops(net::Drop reason) const {
    return counters_.drops[static_cast<std::size_t>(reason)].value();
  }
  void set_state(ServerState state, std::size_t server) {
    snapshot_.servers[server].state = state;
    rebuild();
  }
  void remove_server(std::size_t server) {
    snapshot_.servers[server].incarnation = 0;
    rebuild();
  }
  // Lists and limits of all services, as control gives them.
  void guard_all(const Guard& guard) {
    snapshot_.guards.assign(snapshot_.services.size(), guard);
    std::vector<std::pair<net::IpAddress, const Guard*>> echo;
    for (std::size_t i = 0; i < snapshot_.services.size(); ++i) {
      Service& service = snapshot_.services[i];
      service.is_guarded = guard.has_lists() || guard.has_limits();
      echo.emplace_back(service.address, guard.has_lists() ? &snapshot_.guards[i] : nullptr);
    }
    snapshot_.echo = EchoTable(snapshot_.hash_key, std::move(echo));
    ++snapshot_.lists_version;
  }
  // Tables that follow from services and servers, made anew as control does.
  void rebuild() {
    for (std::size_t i = 0; i < snapshot_.services.size(); ++i) {
      Service& service = snapshot_.services[i];
      std::vector<Maglev::Member> members;
      for (std::size_t s = 0; s < snapshot_.servers.size(); ++s) {
        const Server& server = snapshot_.servers[s];
        if (server.incarnation == 0 || server.state != ServerState::kUp ||
            server.address.is_v4() != service.address.is_v4()) {
          continue;
        }
        members.push_back({{server.address, server.port.host()}, static_cast<std::uint16_t>(s), 1});
      }
      service.maglev = std::make_shared<Maglev>(snapshot_.hash_key, members, 251);
    }
    std::vector<ServiceTable::Row> rows;
    std::vector<AddressTable::Row> local;
    for (std::size_t i = 0; i < snapshot_.services.size(); ++i) {
      const Service& s = snapshot_.services[i];
      if (s.incarnation == 0) continue;
      rows.push_back({s.address, s.port, s.protocol, static_cast<std::uint16_t>(i)});
      local.emplace_back(s.address, s.group);
      for (const net::IpAddress& snat : s.snat) local.emplace_back(snat, s.group);
    }
    std::vector<ServerTable::Row> named;  // every server is in the pool of every service
    snapshot_.implied_digest = 0;
    for (const Service& s : snapshot_.services) {
      snapshot_.implied_digest += HashKey::mix(s.maglev->digest() + s.pool);
      for (std::size_t i = 0; i < snapshot_.servers.size(); ++i) {
        const Server& server = snapshot_.servers[i];
        if (server.incarnation == 0) continue;
        named.push_back({s.pool, server.address, server.port, static_cast<std::uint16_t>(i)});
      }
    }
    snapshot_.server_table = ServerTable(snapshot_.hash_key, named);
    ++snapshot_.generation;
    snapshot_.service_table = ServiceTable(snapshot_.hash_key, rows);
    snapshot_.local_addresses = AddressTable(snapshot_.hash_key, local);
    snapshot_.routing = std::make_shared<Routing>(routes_, neighbors_);
  }

  Snapshot snapshot_;
  std::vector<Route> routes_{{*net::Prefix::parse("0.0.0.0/0"), 0, ip("192.0.2.254"), 0},
                             {*net::Prefix::parse("::/0"), 0, ip("2001:db8::fe"), 0},
                             {*net::Prefix::parse("10.0.0.0/24"), 1, std::nullopt, 0},
                             {*net::Prefix::parse("2001:db8:2::/64"), 1, std::nullopt, 0}};
  std::vector<Neighbor> neighbors_{{0, ip("192.0.2.254"), mac(0xfe)},
                                   {0, ip("2001:db8::fe"), mac(0xfe)}};
  WorkerCounters counters_;
  Admission admission_{{&counters_}};
  FlowTable flows_;
  Pipeline pipeline_;
  Tick now_ = 1000;
  GroupSet served_ = kEveryGroup;

 private:
  void add_server(const std::string& address, int number) {
    Server server;
    server.address = ip(address);
    server.port = net::Be16::from_host(80);
    server.incarnation = 1;
    server.state = ServerState::kUp;
    server.hop = {mac(static_cast<std::uint8_t>(0x20 + number)), 1, true};
    server.on_link = true;
    snapshot_.servers.push_back(server);
  }
  void add_service(const char* vip, Method method, net::Protocol protocol) {
    Service service;
    service.address = ip(vip);
    service.port = net::Be16::from_host(80);
    service.protocol = protocol;
    service.method = method;
    service.incarnation = 1;
    service.pool = static_cast<std::uint16_t>(snapshot_.services.size());
    service.snat = {service.address};
    snapshot_.services.push_back(service);
  }
};

// A client's packet to a VIP, of the VIP's family.
inline test::PacketSpec to_vip(const std::string& vip, std::uint8_t protocol = 6,
                               std::uint16_t port = 40000) {
  test::PacketSpec spec;
  spec.destination = vip;
  if (vip.find(':') != std::string::npos) spec.source = "2001:db8:7::7";
  spec.source_port = port;
  spec.protocol = protocol;
  return spec;
}

}  // namespace yoke::lb
