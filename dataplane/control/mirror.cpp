// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/mirror.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "dataplane/control/errors.h"
#include "dataplane/limits.h"
#include "hal/base/log.h"

namespace yoke::control {
namespace {

// A change of link takes IPv4 routes with it without a word about them.
constexpr std::uint32_t kGroups =
    RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

constexpr std::uint32_t kFirstMetric = 100;  // of our default routes; a person's own come before

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
  if (const int error = mirror.read_all()) {
    return refused("routes and neighbours cannot be read", error);
  }
  return mirror;
}

int Mirror::port_of(unsigned ifindex) const {
  const auto found = std::find(twins_.begin(), twins_.end(), ifindex);
  return found == twins_.end() ? -1 : static_cast<int>(found - twins_.begin());
}

int Mirror::read_all() {
  if (const int error = read_routes()) return error;
  return read_neighbors();
}

int Mirror::read_routes() {
  std::vector<lb::Route> routes;
  const auto is_ours = [this](unsigned ifindex) { return port_of(ifindex) >= 0; };
  const int error = questions_.dump(
      RTM_GETROUTE, AF_UNSPEC, [&] { routes.clear(); },
      [&](const nlmsghdr& message) {
        const auto route = read_route(message, is_ours);
        if (!route) return;
        if (routes.size() == limits::kRoutes) {
          tell_once(told_routes_, "routes", limits::kRoutes);
          return;
        }
        routes.push_back({route->prefix, static_cast<std::uint8_t>(port_of(route->ifindex)),
                          route->gateway, route->metric});
      });
  if (error == 0) routes_ = std::move(routes);
  return error;
}

int Mirror::read_neighbors() {
  return questions_.dump(
      RTM_GETNEIGH, AF_UNSPEC, [this] { neighbors_.clear(); },
      [this](const nlmsghdr& message) {
        if (const auto neighbor = read_neighbor(message)) (void)take(*neighbor);
      });
}

// True if it says something new.
bool Mirror::take(const NeighborMessage& neighbor) {
  const int port = port_of(neighbor.ifindex);
  if (port < 0) return false;
  const Key key(static_cast<unsigned>(port), neighbor.address);
  if (!neighbor.mac) return neighbors_.erase(key) > 0;
  const auto known = neighbors_.find(key);
  if (known != neighbors_.end())
    return std::exchange(known->second, *neighbor.mac) != *neighbor.mac;
  if (neighbors_.size() == limits::kNeighbors) {
    tell_once(told_neighbors_, "neighbours", limits::kNeighbors);
    return false;
  }
  neighbors_.emplace(key, *neighbor.mac);
  return true;
}

void Mirror::tell_once(bool& told, const char* what, std::size_t limit) {
  if (std::exchange(told, true)) return;
  log::warning("network-limit", "the kernel has more than " + std::to_string(limit) + " " + what +
                                    " on the data ports; the rest is not used");
}

bool Mirror::update() {
  bool differs = false;
  bool routes_changed = false;
  const bool whole = news_.receive([&](const nlmsghdr& message) {
    switch (message.nlmsg_type) {
      case RTM_NEWNEIGH:
      case RTM_DELNEIGH:
        if (const auto neighbor = read_neighbor(message)) differs |= take(*neighbor);
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
      case RTM_NEWLINK:
      case RTM_DELLINK:
        routes_changed = true;
        break;
      default:
        break;
    }
  });
  int error = 0;
  if (!whole) {
    error = read_all();
  } else if (routes_changed) {
    error = read_routes();
  }
  if (error != 0) {
    log::warning("network-unread",
                 std::string("routes and neighbours cannot be read now: ") + std::strerror(error));
  }
  return differs || routes_changed || !whole;
}

Network Mirror::network() const {
  Network network;
  network.routes = routes_;
  for (const auto& [key, mac] : neighbors_) {
    network.neighbors.push_back({static_cast<std::uint8_t>(key.first), key.second, mac});
  }
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

}  // namespace yoke::control
