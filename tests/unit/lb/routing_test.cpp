// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/routing.h"

#include <gtest/gtest.h>

#include <random>

namespace yoke::lb {
namespace {

net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }
Route route(const char* prefix, std::uint8_t port, const char* gateway = nullptr,
            std::uint32_t metric = 0) {
  Route r{*net::Prefix::parse(prefix), port, std::nullopt, metric};
  if (gateway != nullptr) r.gateway = ip(gateway);
  return r;
}

TEST(Routing, TheLongestPrefixWinsInBothFamilies) {
  const std::vector<Route> routes{route("0.0.0.0/0", 0, "192.0.2.254"), route("192.0.2.0/24", 1),
                                  route("192.0.2.128/25", 2), route("::/0", 3, "2001:db8::fe"),
                                  route("2001:db8::/64", 4)};
  const Routing routing(routes, {});
  struct Row {
    const char* destination;
    const char* next;
    int port;
  };
  for (const Row& row : {Row{"8.8.8.8", "192.0.2.254", 0},
                         {"192.0.2.1", "192.0.2.1", 1},
                         {"192.0.2.200", "192.0.2.200", 2},
                         {"2001:db8:1::1", "2001:db8::fe", 3},
                         {"2001:db8::7", "2001:db8::7", 4}}) {
    const auto next = routing.next_hop(ip(row.destination));
    ASSERT_TRUE(next) << row.destination;
    EXPECT_EQ(next->address, ip(row.next)) << row.destination;
    EXPECT_EQ(next->port, row.port) << row.destination;
    EXPECT_EQ(next->on_link, next->address == ip(row.destination));
  }
}

TEST(Routing, AFamilyWithoutRoutesHasNone) {
  const std::vector<Route> v6{route("::/0", 0, "2001:db8::fe")};
  EXPECT_FALSE(Routing(v6, {}).next_hop(ip("8.8.8.8")));
  const std::vector<Route> v4{route("0.0.0.0/0", 0, "192.0.2.254")};
  EXPECT_FALSE(Routing(v4, {}).next_hop(ip("2001:db8::1")));
  EXPECT_FALSE(Routing().next_hop(ip("8.8.8.8")));
  EXPECT_FALSE(Routing().resolve(ip("8.8.8.8")).resolved);
}

TEST(Routing, TheLowestMetricOfEqualPrefixesWins) {
  const std::vector<Route> routes{route("0.0.0.0/0", 0, "192.0.2.1", 200),
                                  route("0.0.0.0/0", 1, "192.0.2.2", 100)};
  EXPECT_EQ(Routing(routes, {}).next_hop(ip("8.8.8.8"))->port, 1);
}

TEST(Routing, ANeighbourIsKnownOnItsOwnPortOnly) {
  const std::vector<Route> routes{route("192.0.2.0/24", 1), route("198.51.100.0/24", 0)};
  const net::MacAddress mac{{2, 0, 0, 0, 0, 9}};
  const std::vector<Neighbor> neighbors{{1, ip("192.0.2.9"), mac}, {1, ip("198.51.100.9"), mac}};
  const Routing routing(routes, neighbors);
  EXPECT_TRUE(routing.resolve(ip("192.0.2.9")).resolved);
  EXPECT_EQ(routing.resolve(ip("192.0.2.9")).mac, mac);
  EXPECT_FALSE(routing.resolve(ip("192.0.2.10")).resolved);
  EXPECT_FALSE(routing.resolve(ip("198.51.100.9")).resolved);
}

TEST(Routing, AgreesWithALinearSearchOverRandomRoutes) {
  std::mt19937 random(5);
  const auto address = [&] {
    return net::IpAddress::v4(10, static_cast<std::uint8_t>(random() % 4),
                              static_cast<std::uint8_t>(random() % 4),
                              static_cast<std::uint8_t>(random()));
  };
  std::vector<Route> routes;
  for (std::uint8_t i = 0; i < 60; ++i) {
    const net::Prefix prefix{address(), static_cast<std::uint8_t>(random() % 33)};
    routes.push_back({{prefix.network(), prefix.length}, i, std::nullopt, i});
  }
  const Routing routing(routes, {});
  for (int i = 0; i < 5000; ++i) {
    const auto destination = address();
    const Route* best = nullptr;
    for (const Route& r : routes) {
      if (r.prefix.contains(destination) &&
          (best == nullptr || r.prefix.length > best->prefix.length)) {
        best = &r;
      }
    }
    const auto next = routing.next_hop(destination);
    ASSERT_EQ(next.has_value(), best != nullptr);
    if (best != nullptr) {
      EXPECT_EQ(next->port, best->port) << destination.to_string();
    }
  }
}

}  // namespace
}  // namespace yoke::lb
