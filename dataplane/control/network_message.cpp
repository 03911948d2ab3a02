// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/network_message.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <span>

namespace yoke::control {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Everything in a netlink message starts at a multiple of four.
constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

Bytes payload_of(const nlattr& attribute) {
  return {static_cast<const std::uint8_t*>(mnl_attr_get_payload(&attribute)),
          mnl_attr_get_payload_len(&attribute)};
}

// Attributes by number; those beyond N are of no interest.
template <std::size_t N>
class Attributes {
 public:
  Attributes(const void* first, std::size_t size) {
    const auto* at = static_cast<const nlattr*>(first);
    auto left = static_cast<int>(size);
    while (mnl_attr_ok(at, left)) {
      if (mnl_attr_get_type(at) < N) found_[mnl_attr_get_type(at)] = at;
      left -= static_cast<int>(aligned(at->nla_len));
      at = mnl_attr_next(at);
    }
  }
  [[nodiscard]] Bytes operator[](std::size_t type) const {
    return found_[type] == nullptr ? Bytes() : payload_of(*found_[type]);
  }

 private:
  std::array<const nlattr*, N> found_{};
};

template <std::size_t N>
Attributes<N> attributes_behind(const nlmsghdr& message, std::size_t body) {
  const auto* const payload = static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(&message));
  return {payload + aligned(body), mnl_nlmsg_get_payload_len(&message) - aligned(body)};
}

// The fixed part of the message, or null if it is cut short.
template <typename T>
const T* body_of(const nlmsghdr& message) {
  if (mnl_nlmsg_get_payload_len(&message) < aligned(sizeof(T))) return nullptr;
  return static_cast<const T*>(mnl_nlmsg_get_payload(&message));
}

std::optional<std::uint32_t> read_u32(Bytes bytes) {
  std::uint32_t value = 0;
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::optional<net::IpAddress> read_address(int family, Bytes bytes) {
  if (family == AF_INET && bytes.size() == 4) return net::IpAddress::load_v4(bytes.data());
  if (family == AF_INET6 && bytes.size() == 16) return net::IpAddress::load_v6(bytes.data());
  return std::nullopt;
}

// RTA_VIA: a next hop of the other family (an IPv4 route by an IPv6 gateway).
std::optional<net::IpAddress> read_via(Bytes bytes) {
  std::uint16_t family = 0;
  if (bytes.size() < sizeof family) return std::nullopt;
  std::memcpy(&family, bytes.data(), sizeof family);
  return read_address(family, bytes.subspan(sizeof family));
}

std::optional<net::IpAddress> gateway_of(int family, const Attributes<RTA_MAX + 1>& attributes) {
  const auto gateway = read_address(family, attributes[RTA_GATEWAY]);
  return gateway ? gateway : read_via(attributes[RTA_VIA]);
}

struct NextHop {
  unsigned ifindex = 0;
  std::optional<net::IpAddress> gateway;
};

constexpr unsigned kNotAlive = RTNH_F_DEAD | RTNH_F_LINKDOWN;

std::optional<NextHop> first_alive(int family, Bytes hops,
                                   const std::function<bool(unsigned)>& is_ours) {
  while (hops.size() >= sizeof(rtnexthop)) {
    rtnexthop hop{};
    std::memcpy(&hop, hops.data(), sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > hops.size()) return std::nullopt;
    const auto ifindex = static_cast<unsigned>(hop.rtnh_ifindex);
    if ((hop.rtnh_flags & kNotAlive) == 0 && is_ours(ifindex)) {
      const Attributes<RTA_MAX + 1> attributes(hops.data() + sizeof hop, hop.rtnh_len - sizeof hop);
      return NextHop{ifindex, gateway_of(family, attributes)};
    }
    hops = hops.subspan(std::min<std::size_t>(hops.size(), aligned(hop.rtnh_len)));
  }
  return std::nullopt;
}

bool is_usable(unsigned state) {
  return (state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) != 0;
}

}  // namespace

std::optional<NeighborMessage> read_neighbor(const nlmsghdr& message) {
  const auto* const body = body_of<ndmsg>(message);
  if (body == nullptr) return std::nullopt;
  const auto attributes = attributes_behind<NDA_MAX + 1>(message, sizeof *body);
  const auto address = read_address(body->ndm_family, attributes[NDA_DST]);
  if (!address || address->is_multicast()) return std::nullopt;
  NeighborMessage neighbor;
  neighbor.ifindex = static_cast<unsigned>(body->ndm_ifindex);
  neighbor.address = *address;
  const Bytes mac = attributes[NDA_LLADDR];
  if (message.nlmsg_type == RTM_NEWNEIGH && is_usable(body->ndm_state) && mac.size() == 6) {
    neighbor.mac.emplace();
    std::memcpy(neighbor.mac->octets.data(), mac.data(), mac.size());
  }
  return neighbor;
}

std::optional<RouteMessage> read_route(const nlmsghdr& message,
                                       const std::function<bool(unsigned)>& is_ours) {
  const auto* const body = body_of<rtmsg>(message);
  if (body == nullptr || message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  const int family = body->rtm_family;
  if ((family != AF_INET && family != AF_INET6) || body->rtm_type != RTN_UNICAST ||
      (body->rtm_flags & (RTM_F_CLONED | kNotAlive)) != 0) {
    return std::nullopt;
  }
  const auto attributes = attributes_behind<RTA_MAX + 1>(message, sizeof *body);
  if (read_u32(attributes[RTA_TABLE]).value_or(body->rtm_table) != RT_TABLE_MAIN) {
    return std::nullopt;
  }
  RouteMessage route;
  route.prefix.address = family == AF_INET ? net::IpAddress::v4(0, 0, 0, 0) : net::IpAddress();
  if (body->rtm_dst_len > (family == AF_INET ? 32 : 128)) return std::nullopt;
  route.prefix.length = body->rtm_dst_len;
  if (const auto network = read_address(family, attributes[RTA_DST])) {
    route.prefix.address = *network;
  }
  route.metric = read_u32(attributes[RTA_PRIORITY]).value_or(0);
  std::optional<NextHop> hop;
  if (const auto ifindex = read_u32(attributes[RTA_OIF]); ifindex && is_ours(*ifindex)) {
    hop = NextHop{*ifindex, gateway_of(family, attributes)};
  } else {
    hop = first_alive(family, attributes[RTA_MULTIPATH], is_ours);
  }
  if (!hop) return std::nullopt;
  route.ifindex = hop->ifindex;
  route.gateway = hop->gateway;
  return route;
}

}  // namespace yoke::control
