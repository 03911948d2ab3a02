// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/network_message.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace yoke::control {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Everything in a netlink message starts at a multiple of four.
constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Above them are flags.
constexpr std::size_t kTypeBits = static_cast<std::uint16_t>(NLA_TYPE_MASK);

template <typename T>
std::optional<T> read(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// What is behind the first `size` octets and the gap that follows them.
Bytes behind(Bytes bytes, std::size_t size) {
  return bytes.subspan(std::min(bytes.size(), aligned(size)));
}

Bytes payload_of(const nlmsghdr& message) {
  const Bytes whole(reinterpret_cast<const std::uint8_t*>(&message), message.nlmsg_len);
  return behind(whole, sizeof message);
}

// Attributes by number; those beyond N are of no interest. Read here and not by libmnl, so that the
// sanitizers see every access.
template <std::size_t N>
class Attributes {
 public:
  explicit Attributes(Bytes bytes) {
    while (const auto head = read<nlattr>(bytes)) {
      if (head->nla_len < sizeof *head || head->nla_len > bytes.size()) return;
      const std::size_t type = head->nla_type & kTypeBits;
      if (type < N) found_[type] = bytes.subspan(sizeof *head, head->nla_len - sizeof *head);
      bytes = behind(bytes, head->nla_len);
    }
  }
  [[nodiscard]] Bytes operator[](std::size_t type) const { return found_[type]; }

 private:
  std::array<Bytes, N> found_;
};

std::optional<net::IpAddress> read_address(int family, Bytes bytes) {
  if (family == AF_INET && bytes.size() == 4) return net::IpAddress::load_v4(bytes.data());
  if (family == AF_INET6 && bytes.size() == 16) return net::IpAddress::load_v6(bytes.data());
  return std::nullopt;
}

// RTA_VIA: a next hop of the other family (an IPv4 route by an IPv6 gateway).
std::optional<net::IpAddress> read_via(Bytes bytes) {
  const auto family = read<std::uint16_t>(bytes);
  if (!family) return std::nullopt;
  return read_address(*family, bytes.subspan(sizeof *family));
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
  while (const auto hop = read<rtnexthop>(hops)) {
    if (hop->rtnh_len < sizeof *hop || hop->rtnh_len > hops.size()) return std::nullopt;
    const auto ifindex = static_cast<unsigned>(hop->rtnh_ifindex);
    if ((hop->rtnh_flags & kNotAlive) == 0 && is_ours(ifindex)) {
      const Attributes<RTA_MAX + 1> attributes(behind(hops.first(hop->rtnh_len), sizeof *hop));
      return NextHop{ifindex, gateway_of(family, attributes)};
    }
    hops = behind(hops, hop->rtnh_len);
  }
  return std::nullopt;
}

bool is_usable(unsigned state) {
  return (state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) != 0;
}

}  // namespace

std::optional<NeighborMessage> read_neighbor(const nlmsghdr& message) {
  const auto body = read<ndmsg>(payload_of(message));
  // A proxy entry is an address that the kernel answers for, not one that it knows.
  if (!body || (body->ndm_flags & NTF_PROXY) != 0) return std::nullopt;
  const Attributes<NDA_MAX + 1> attributes(behind(payload_of(message), sizeof *body));
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

std::optional<AddressMessage> read_local_address(const nlmsghdr& message) {
  const auto body = read<ifaddrmsg>(payload_of(message));
  if (!body || message.nlmsg_type != RTM_NEWADDR) return std::nullopt;
  const Attributes<IFA_MAX + 1> attributes(behind(payload_of(message), sizeof *body));
  auto address = read_address(body->ifa_family, attributes[IFA_LOCAL]);
  if (!address) address = read_address(body->ifa_family, attributes[IFA_ADDRESS]);
  if (!address || body->ifa_prefixlen > (address->is_v4() ? 32 : 128)) return std::nullopt;
  return AddressMessage{body->ifa_index, {*address, body->ifa_prefixlen}};
}

std::optional<RouteMessage> read_route(const nlmsghdr& message,
                                       const std::function<bool(unsigned)>& is_ours) {
  const auto body = read<rtmsg>(payload_of(message));
  if (!body || message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  const int family = body->rtm_family;
  if ((family != AF_INET && family != AF_INET6) || body->rtm_type != RTN_UNICAST ||
      (body->rtm_flags & (RTM_F_CLONED | kNotAlive)) != 0) {
    return std::nullopt;
  }
  const Attributes<RTA_MAX + 1> attributes(behind(payload_of(message), sizeof *body));
  if (read<std::uint32_t>(attributes[RTA_TABLE]).value_or(body->rtm_table) != RT_TABLE_MAIN) {
    return std::nullopt;
  }
  RouteMessage route;
  route.prefix.address = family == AF_INET ? net::IpAddress::v4(0, 0, 0, 0) : net::IpAddress();
  if (body->rtm_dst_len > (family == AF_INET ? 32 : 128)) return std::nullopt;
  route.prefix.length = body->rtm_dst_len;
  if (const auto network = read_address(family, attributes[RTA_DST])) {
    route.prefix.address = *network;
  }
  route.metric = read<std::uint32_t>(attributes[RTA_PRIORITY]).value_or(0);
  std::optional<NextHop> hop;
  if (const auto ifindex = read<std::uint32_t>(attributes[RTA_OIF]); ifindex && is_ours(*ifindex)) {
    hop = NextHop{*ifindex, gateway_of(family, attributes)};
  } else {
    hop = first_alive(family, attributes[RTA_MULTIPATH], is_ours);
    route.has_others = hop.has_value();
  }
  if (!hop) return std::nullopt;
  route.ifindex = hop->ifindex;
  route.gateway = hop->gateway;
  return route;
}

}  // namespace yoke::control
