// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/lb/address_table.h"
#include "dataplane/lb/flat_map.h"
#include "dataplane/net/address.h"

// Where a packet leaves: the kernel's routes and neighbours of the data ports, mirrored.
// Threads: built by control, then constant and read by any.
namespace yoke::lb {

// The last step of a packet's way out.
struct Hop {
  net::MacAddress mac;
  std::uint8_t port = 0;  // index into Snapshot::ports
  bool resolved = false;
};

struct Route {
  net::Prefix prefix;
  std::uint8_t port = 0;
  std::optional<net::IpAddress> gateway;  // none: on-link
  std::uint32_t metric = 0;               // the lowest of equal prefixes wins
  friend bool operator==(const Route&, const Route&) = default;
};

struct Neighbor {
  std::uint8_t port = 0;
  net::IpAddress address;
  net::MacAddress mac;
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// Longest-prefix match over routes, exact match over neighbours. A lookup costs one probe a
// distinct prefix length (a unit has two or three), longest first.
class Routing {
 public:
  Routing() = default;
  Routing(std::span<const Route> routes, std::span<const Neighbor> neighbors);

  // The address to resolve for `destination`, and its port; nothing where no route leads.
  struct NextHop {
    net::IpAddress address;
    std::uint8_t port = 0;
    bool on_link = false;
  };
  [[nodiscard]] std::optional<NextHop> next_hop(const net::IpAddress& destination) const noexcept;
  // next_hop() and its neighbour; unresolved where either is missing.
  [[nodiscard]] Hop resolve(const net::IpAddress& destination) const noexcept;

 private:
  struct Level {
    net::IpAddress mask;
    FlatMap<net::IpAddress, Route, AddressHash> routes;  // by network
  };
  std::vector<Level> levels_;                                                     // longest first
  std::vector<FlatMap<net::IpAddress, net::MacAddress, AddressHash>> neighbors_;  // by port
};

}  // namespace yoke::lb
