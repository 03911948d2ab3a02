// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/network_message.h"

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dataplane/control/netlink.h"

namespace yoke::control {
namespace {

net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }

bool is_seven(unsigned ifindex) { return ifindex == 7; }

struct Hop {
  unsigned ifindex = 0;
  std::string gateway;
  std::uint8_t flags = 0;
};

std::vector<std::uint8_t> multipath(const std::vector<Hop>& hops) {
  std::vector<std::uint8_t> octets;
  for (const Hop& hop : hops) {
    const auto gateway = ip(hop.gateway).octets();
    rtnexthop head{};
    nlattr attribute{static_cast<std::uint16_t>(sizeof attribute + gateway.size()), RTA_GATEWAY};
    head.rtnh_len = static_cast<std::uint16_t>(sizeof head + attribute.nla_len);
    head.rtnh_flags = hop.flags;
    head.rtnh_ifindex = static_cast<int>(hop.ifindex);
    const std::size_t at = octets.size();
    octets.resize(at + head.rtnh_len);
    std::memcpy(octets.data() + at, &head, sizeof head);
    std::memcpy(octets.data() + at + sizeof head, &attribute, sizeof attribute);
    std::memcpy(octets.data() + at + sizeof head + sizeof attribute, gateway.data(),
                gateway.size());
  }
  return octets;
}

NetlinkRequest route_by(const std::vector<Hop>& hops) {
  NetlinkRequest route(RTM_NEWROUTE, 0);
  auto& body = route.body<rtmsg>();
  body.rtm_family = AF_INET6;
  body.rtm_type = RTN_UNICAST;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_dst_len = 64;
  const auto network = ip("2001:db8:7::");
  route.put(RTA_DST, network.octets());
  route.put(RTA_MULTIPATH, multipath(hops));
  return route;
}

NetlinkRequest neighbor_in(int state, std::uint8_t flags = 0) {
  NetlinkRequest neighbor(RTM_NEWNEIGH, 0);
  auto& body = neighbor.body<ndmsg>();
  body.ndm_family = AF_INET6;
  body.ndm_ifindex = 7;
  body.ndm_state = static_cast<std::uint16_t>(state);
  body.ndm_flags = flags;
  const auto address = ip("2001:db8::9");
  neighbor.put(NDA_DST, address.octets());
  neighbor.put(NDA_LLADDR, std::vector<std::uint8_t>{2, 0, 0, 0, 0, 9});
  return neighbor;
}

NetlinkRequest address_of(std::uint8_t length) {
  NetlinkRequest address(RTM_NEWADDR, 0);
  auto& body = address.body<ifaddrmsg>();
  body.ifa_family = AF_INET6;
  body.ifa_prefixlen = length;
  body.ifa_index = 7;
  const auto own = ip("2001:db8::2");
  address.put(IFA_ADDRESS, own.octets());
  return address;
}

TEST(NetworkMessage, ARouteWithSeveralNextHopsTakesTheFirstThatIsAliveAndOurs) {
  struct Case {
    std::vector<Hop> hops;
    std::string gateway;  // empty: no route
  };
  const Case kCases[] = {
      {{{7, "2001:db8::1"}, {7, "2001:db8::2"}}, "2001:db8::1"},
      {{{7, "2001:db8::1", RTNH_F_DEAD}, {7, "2001:db8::2"}}, "2001:db8::2"},
      {{{7, "2001:db8::1", RTNH_F_LINKDOWN}, {7, "2001:db8::2"}}, "2001:db8::2"},
      {{{6, "2001:db8::1"}, {7, "2001:db8::2"}}, "2001:db8::2"},
      {{{6, "2001:db8::1"}, {7, "2001:db8::2", RTNH_F_DEAD}}, ""},
      {{}, ""},
  };
  for (const Case& expected : kCases) {
    auto message = route_by(expected.hops);
    const auto route = read_route(*message.header(), is_seven);
    ASSERT_EQ(route.has_value(), !expected.gateway.empty()) << expected.gateway;
    if (!route) continue;
    EXPECT_EQ(route->prefix.to_string(), "2001:db8:7::/64");
    EXPECT_EQ(route->gateway, ip(expected.gateway));
    EXPECT_EQ(route->ifindex, 7u);
    EXPECT_TRUE(route->has_others);
  }
}

TEST(NetworkMessage, ANeighbourIsUsableInTheStatesInWhichTheKernelUsesIt) {
  for (const int state : {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT}) {
    auto message = neighbor_in(state);
    const auto neighbor = read_neighbor(*message.header());
    ASSERT_TRUE(neighbor) << state;
    ASSERT_TRUE(neighbor->mac) << state;
    EXPECT_EQ(neighbor->mac->to_string(), "02:00:00:00:00:09");
    EXPECT_EQ(neighbor->ifindex, 7u);
  }
  for (const int state : {NUD_NONE, NUD_INCOMPLETE, NUD_FAILED}) {
    auto message = neighbor_in(state);
    const auto neighbor = read_neighbor(*message.header());
    ASSERT_TRUE(neighbor) << state;
    EXPECT_FALSE(neighbor->mac) << state;
  }
}

TEST(NetworkMessage, AnAddressThatTheKernelAnswersForIsNoNeighbourLost) {
  auto message = neighbor_in(NUD_NONE, NTF_PROXY);
  EXPECT_FALSE(read_neighbor(*message.header()));
}

TEST(NetworkMessage, LengthsThatNoAddressHasAreRefused) {
  auto good = address_of(64);
  ASSERT_TRUE(read_local_address(*good.header()));
  EXPECT_EQ(read_local_address(*good.header())->prefix.to_string(), "2001:db8::2/64");
  auto bad = address_of(129);
  EXPECT_FALSE(read_local_address(*bad.header()));
}

// Real messages, then cut and garbled: whatever they say, reading stays within them.
TEST(NetworkMessage, NoBytesAreReadBeyondAMessage) {
  auto route = route_by({{6, "2001:db8::1"}, {7, "2001:db8::2"}});
  auto neighbor = neighbor_in(NUD_REACHABLE);
  auto address = address_of(64);
  std::mt19937 random(5);
  for (const nlmsghdr* message : {route.header(), neighbor.header(), address.header()}) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(message);
    const std::vector<std::uint8_t> original(bytes, bytes + message->nlmsg_len);
    for (int round = 0; round < 20000; ++round) {
      const bool is_cut = round % 3 == 0;
      const std::size_t length =
          is_cut ? sizeof(nlmsghdr) + random() % (original.size() - sizeof(nlmsghdr) + 1)
                 : original.size();
      // Memory of exactly this size, so that the sanitizer sees a read beyond it.
      std::vector<std::uint8_t> garbled(original.begin(),
                                        original.begin() + static_cast<std::ptrdiff_t>(length));
      for (int i = 0; i < 3 && round % 2 == 0; ++i) {
        garbled[random() % length] = static_cast<std::uint8_t>(random());
      }
      auto* const header = reinterpret_cast<nlmsghdr*>(garbled.data());
      header->nlmsg_len = static_cast<std::uint32_t>(length);
      for (const int type : {RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWADDR}) {
        header->nlmsg_type = static_cast<std::uint16_t>(type);
        (void)read_route(*header, is_seven);
        (void)read_neighbor(*header);
        (void)read_local_address(*header);
      }
    }
  }
}

}  // namespace
}  // namespace yoke::control
