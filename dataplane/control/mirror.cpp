// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/mirror.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "dataplane/control/errors.h"
#include "dataplane/limits.h"
#include "hal/base/log.h"

namespace yoke::control {
namespace {

// A change of link takes IPv4 routes with it without a word about them.
constexpr std::uint32_t kGroups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE |
                                  RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;

// Of our default routes. Nobody else's: Linux replaces a route of equal destination and metric
// whatever its device, and a person's way in by a management port must survive our start.
constexpr std::uint32_t kFirstMetric = 4000;

// News of what was set may be late, or somebody may take it away once more.
constexpr unsigned kTries = 3;

std::uint8_t family_of(const net::IpAddress& address) {
  return static_cast<std::uint8_t>(address.is_v4() ? AF_INET : AF_INET6);
}

std::span<const std::uint8_t> octets_of(const net::IpAddress& address) {
  if (address.is_v4()) return {address.v4_octets(), 4};
  return address.octets();
}

tl::unexpected<Error> refused(const std::string& what, int error) {
  return fail(Errc::kFailed, kNetlink, what + ": " + std::strerror(error));
}

}  // namespace

Result<Mirror> Mirror::open(std::vector<unsigned> twins) {
  auto news = Netlink::open(kGroups);  // first: what changes from here on is told
  if (!news) return tl::unexpected(news.error());
  auto questions = Netlink::open(0);
  if (!questions) return tl::unexpected(questions.error());
  Mirror mirror(std::move(*news), std::move(*questions), std::move(twins));
  // What changes all the while is read later: news of it are on their way.
  if (const int error = mirror.read(); error != 0 && error != EINTR) {
    return refused("routes and neighbours cannot be read", error);
  }
  return mirror;
}

int Mirror::port_of(unsigned ifindex) const {
  const auto found = std::find(twins_.begin(), twins_.end(), ifindex);
  return found == twins_.end() ? -1 : static_cast<int>(found - twins_.begin());
}

int Mirror::read() {
  int failed = 0;
  const auto again = [&failed](bool& is_stale, int error) {
    is_stale = error != 0;
    if (error != 0) failed = error;
  };
  if (stale_.routes) again(stale_.routes, read_routes());
  if (stale_.neighbors) again(stale_.neighbors, read_neighbors());
  if (stale_.addresses) again(stale_.addresses, read_addresses());
  return failed;
}

bool Mirror::has_room(std::size_t size, std::size_t limit, const char* what, bool& told) {
  if (size < limit) return true;
  if (!std::exchange(told, true)) {
    log::warning("network-limit", "the kernel has more than " + std::to_string(limit) + " " + what +
                                      " on the data ports; the rest is not used");
  }
  return false;
}

int Mirror::read_routes() {
  std::vector<lb::Route> routes;
  const auto is_ours = [this](unsigned ifindex) { return port_of(ifindex) >= 0; };
  const int error = questions_.dump(
      RTM_GETROUTE, AF_UNSPEC, [&] { routes.clear(); },
      [&](const nlmsghdr& message) {
        const auto route = read_route(message, is_ours);
        if (!route || !has_room(routes.size(), limits::kRoutes, "routes", told_.routes)) return;
        if (route->has_others && !std::exchange(told_.several_hops, true)) {
          log::notice("network-hops",
                      "the route to " + route->prefix.to_string() +
                          " has several next hops; the first that is alive is used");
        }
        routes.push_back({route->prefix, static_cast<std::uint8_t>(port_of(route->ifindex)),
                          route->gateway, route->metric});
      });
  if (error == 0) routes_ = std::move(routes);
  return error;
}

int Mirror::read_neighbors() {
  auto before = neighbors_;
  const int error = questions_.dump(
      RTM_GETNEIGH, AF_UNSPEC,
      [this] {
        neighbors_.clear();
        left_out_neighbors_ = false;
      },
      [this](const nlmsghdr& message) {
        if (const auto neighbor = read_neighbor(message)) (void)take(*neighbor);
      });
  if (error != 0) neighbors_ = std::move(before);
  return error;
}

int Mirror::read_addresses() {
  std::vector<LocalAddress> addresses;
  const int error = questions_.dump(
      RTM_GETADDR, AF_UNSPEC, [&] { addresses.clear(); },
      [&](const nlmsghdr& message) {
        const auto address = read_local_address(message);
        const int port = address ? port_of(address->ifindex) : -1;
        // Each brings a route, so they have its bound.
        if (port < 0 ||
            !has_room(addresses.size(), limits::kRoutes, "addresses", told_.addresses)) {
          return;
        }
        addresses.push_back({static_cast<std::uint8_t>(port), address->prefix});
      });
  std::sort(addresses.begin(), addresses.end());
  if (error == 0) addresses_ = std::move(addresses);
  return error;
}

// True if it says something new.
bool Mirror::take(const NeighborMessage& neighbor) {
  const int port = port_of(neighbor.ifindex);
  if (port < 0) return false;
  const Key key(static_cast<unsigned>(port), neighbor.address);
  if (!neighbor.mac) {
    const bool was_known = neighbors_.erase(key) > 0;
    // There is room now for one that was left out, of which no news will come.
    stale_.neighbors |= was_known && left_out_neighbors_;
    return was_known;
  }
  const auto known = neighbors_.find(key);
  if (known != neighbors_.end()) {
    return std::exchange(known->second, *neighbor.mac) != *neighbor.mac;
  }
  if (!has_room(neighbors_.size(), limits::kNeighbors, "neighbours", told_.neighbors)) {
    left_out_neighbors_ = true;
    return false;
  }
  neighbors_.emplace(key, *neighbor.mac);
  return true;
}

bool Mirror::take(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: {
      const auto neighbor = read_neighbor(message);
      return neighbor && take(*neighbor);
    }
    case RTM_NEWADDR:
    case RTM_DELADDR:
      stale_.addresses = true;
      return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_NEWLINK:
    case RTM_DELLINK:
      stale_.routes = true;
      return true;
    default:
      return false;
  }
}

bool Mirror::update() {
  bool differs = false;
  const bool is_whole =
      news_.receive([&](const nlmsghdr& message) { differs = take(message) || differs; });
  if (!is_whole) stale_ = {};
  return differs || stale_.routes || stale_.neighbors || stale_.addresses;
}

Network Mirror::network() {
  if (const int error = read(); error != 0 && error != EINTR) {
    log::warning("network-unread",
                 std::string("routes and neighbours cannot be read now: ") + std::strerror(error));
  }
  Network network;
  network.routes = routes_;
  network.neighbors.reserve(neighbors_.size());
  for (const auto& [key, mac] : neighbors_) {
    network.neighbors.push_back({static_cast<std::uint8_t>(key.first), key.second, mac});
  }
  network.addresses = addresses_;
  return network;
}

void Mirror::resolve(unsigned port, const net::IpAddress& address) {
  NetlinkRequest request(RTM_NEWNEIGH, NLM_F_CREATE);
  auto& body = request.body<ndmsg>();
  body.ndm_family = family_of(address);
  body.ndm_ifindex = static_cast<int>(twins_[port]);
  body.ndm_flags = NTF_USE;
  request.put(NDA_DST, octets_of(address));
  (void)questions_.transact(request);  // asked again soon; a twin that is down has no neighbours
}

Status Mirror::set_addresses(unsigned port, const std::vector<net::Prefix>& addresses) {
  for (const net::Prefix& prefix : addresses) {
    NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    auto& body = request.body<ifaddrmsg>();
    body.ifa_family = family_of(prefix.address);
    body.ifa_prefixlen = prefix.length;
    body.ifa_flags = prefix.address.is_v4() ? 0 : IFA_F_NODAD;
    body.ifa_index = twins_[port];
    request.put(IFA_LOCAL, octets_of(prefix.address));
    request.put(IFA_ADDRESS, octets_of(prefix.address));
    if (const int error = questions_.transact(request)) {
      return refused("address " + prefix.to_string() + " cannot be set", error);
    }
  }
  return {};
}

Status Mirror::set_gateways(unsigned port, const std::vector<net::IpAddress>& gateways) {
  for (const net::IpAddress& gateway : gateways) {
    NetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    auto& body = request.body<rtmsg>();
    body.rtm_family = family_of(gateway);
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_protocol = RTPROT_STATIC;
    body.rtm_scope = RT_SCOPE_UNIVERSE;
    body.rtm_type = RTN_UNICAST;
    request.put(RTA_GATEWAY, octets_of(gateway));
    request.put_u32(RTA_OIF, twins_[port]);
    request.put_u32(RTA_PRIORITY, kFirstMetric + port);
    if (const int error = questions_.transact(request)) {
      return refused("gateway " + gateway.to_string() + " cannot be set", error);
    }
  }
  return {};
}

bool Mirror::is_to_be_set(const Key& key, bool is_there) {
  if (is_there) {
    vain_.erase(key);
    return false;
  }
  const auto tried = vain_.find(key);
  if (tried == vain_.end() || tried->second < kTries) return true;
  if (tried->second == kTries) {
    ++tried->second;
    log::warning("network-not-kept", "what the board file says of " + key.second.to_string() +
                                         " is not there although it was set; it is left so");
  }
  return false;
}

void Mirror::keep(unsigned port, const std::vector<net::Prefix>& addresses,
                  const std::vector<net::IpAddress>& gateways) {
  const auto number = static_cast<std::uint8_t>(port);
  for (const net::Prefix& prefix : addresses) {
    const auto is_it = [&](const LocalAddress& known) {
      return known.port == number && known.prefix.address == prefix.address &&
             (known.prefix.length == prefix.length || !prefix.address.is_v4());
    };
    const Key key(port, prefix.address);
    if (!is_to_be_set(key, std::any_of(addresses_.begin(), addresses_.end(), is_it))) continue;
    if (set_addresses(port, {prefix})) ++vain_[key];
  }
  for (const net::IpAddress& gateway : gateways) {
    const auto is_it = [&](const lb::Route& route) {
      return route.port == number && route.metric == kFirstMetric + port &&
             route.gateway == gateway;
    };
    const Key key(port, gateway);
    if (!is_to_be_set(key, std::any_of(routes_.begin(), routes_.end(), is_it))) continue;
    if (set_gateways(port, {gateway})) ++vain_[key];
  }
}

}  // namespace yoke::control
