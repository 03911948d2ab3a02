// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/routing.h"

#include <algorithm>

namespace yoke::lb {
Routing::Routing(std::span<const Route> routes, std::span<const Neighbor> neighbors) {
  std::vector<Route> sorted(routes.begin(), routes.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Route& a, const Route& b) {
    const auto la = a.prefix.mapped_length();
    const auto lb = b.prefix.mapped_length();
    return la != lb ? la > lb : a.metric < b.metric;
  });
  for (auto first = sorted.begin(); first != sorted.end();) {
    const std::uint8_t length = first->prefix.mapped_length();
    std::vector<std::pair<net::IpAddress, Route>> rows;
    for (; first != sorted.end() && first->prefix.mapped_length() == length; ++first) {
      rows.emplace_back(first->prefix.network(), *first);
    }
    levels_.push_back({rows.front().second.prefix.mask(), {AddressHash{}, rows}});
  }

  std::vector<std::vector<std::pair<net::IpAddress, net::MacAddress>>> by_port;
  for (const Neighbor& neighbor : neighbors) {
    if (by_port.size() <= neighbor.port) by_port.resize(neighbor.port + std::size_t{1});
    by_port[neighbor.port].emplace_back(neighbor.address, neighbor.mac);
  }
  for (const auto& rows : by_port) neighbors_.push_back({AddressHash{}, rows});
}

std::optional<Routing::NextHop> Routing::next_hop(
    const net::IpAddress& destination) const noexcept {
  for (const Level& level : levels_) {
    // A mapped address differs from every IPv6 network within its first 96 bits, except from ::/0
    // and the like, whose masks end before: those are for the other family.
    const Route* route = level.routes.find(destination.masked(level.mask));
    if (route == nullptr || route->prefix.address.is_v4() != destination.is_v4()) continue;
    return NextHop{route->gateway.value_or(destination), route->port, !route->gateway};
  }
  return std::nullopt;
}

Hop Routing::resolve(const net::IpAddress& destination) const noexcept {
  const auto next = next_hop(destination);
  if (!next) return {};
  Hop hop{{}, next->port, false};
  if (next->port < neighbors_.size()) {
    if (const auto* mac = neighbors_[next->port].find(next->address)) {
      hop.mac = *mac;
      hop.resolved = true;
    }
  }
  return hop;
}

}  // namespace yoke::lb
