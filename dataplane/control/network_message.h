// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "dataplane/lb/routing.h"

struct nlmsghdr;

// What rtnetlink messages say, as far as packets care. A message that is cut short, or about
// something else, says nothing. Pure; threads: any.
namespace yoke::control {

struct NeighborMessage {
  unsigned ifindex = 0;
  net::IpAddress address;
  std::optional<net::MacAddress> mac;  // none: not, or no longer, usable
};
// RTM_NEWNEIGH, RTM_DELNEIGH.
[[nodiscard]] std::optional<NeighborMessage> read_neighbor(const nlmsghdr& message);

struct AddressMessage {
  unsigned ifindex = 0;
  net::Prefix prefix;
};
// RTM_NEWADDR.
[[nodiscard]] std::optional<AddressMessage> read_local_address(const nlmsghdr& message);

struct RouteMessage {
  unsigned ifindex = 0;
  net::Prefix prefix;
  std::optional<net::IpAddress> gateway;
  std::uint32_t metric = 0;
  bool has_others = false;  // next hops beside this one
};
// RTM_NEWROUTE of a unicast route of the main table that is alive. Routes that drop packets or
// answer for addresses are none. Of several next hops the first that is alive and leaves by an
// interface that `is_ours` says yes to: flows are not spread over gateways.
[[nodiscard]] std::optional<RouteMessage> read_route(const nlmsghdr& message,
                                                     const std::function<bool(unsigned)>& is_ours);

}  // namespace yoke::control
