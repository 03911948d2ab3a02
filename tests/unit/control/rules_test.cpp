// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "dataplane/control/errors.h"
#include "dataplane/limits.h"
#include "tests/unit/control/fake_workers.h"

namespace yoke::control {
namespace {

struct Wrong {
  const char* what;
  std::string_view id;
  const char* says;
  std::function<void(api::Configuration&)> change;
};

const std::set<net::IpAddress> kOwn{ip("192.0.2.2")};

api::PrefixSet prefixes(std::size_t count) {
  std::vector<net::Prefix> list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(
        {net::IpAddress::v4(10, static_cast<std::uint8_t>(i >> 16),
                            static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)),
         32});
  }
  return api::PrefixSet(std::move(list));
}

TEST(Rules, AConfigurationInOrderPasses) {
  EXPECT_TRUE(check(two_vips(), kOwn));
  EXPECT_TRUE(check({}, kOwn));
  auto answers_ping_only = two_vips();
  answers_ping_only.vips[0].pool.clear();
  EXPECT_TRUE(check(answers_ping_only, kOwn));
}

// Two VIPs of two groups, the first of which has the second's address among its own.
api::Configuration shared_address(api::Lease blue, api::Lease red) {
  auto made = two_vips();
  made.groups = {{"blue", blue}, {"red", red}};
  made.vips.push_back(vip("other", "203.0.113.11:80/tcp", "web"));
  made.vips[0].group = "blue";
  made.vips[2].group = "red";
  made.vips[2].snat = {ip("203.0.113.10")};
  return made;
}

TEST(Rules, AnAddressMayBeOfTwoGroupsWhileBothStand) {
  using enum api::Lease;
  EXPECT_TRUE(check(shared_address(kStanding, kStanding), kOwn));
  for (const auto& [blue, red] :
       {std::pair(kHeld, kHeld), {kHeld, kStanding}, {kStanding, kHeld}}) {
    const auto checked = check(shared_address(blue, red), kOwn);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id, kTwoGroups);
    EXPECT_EQ(checked.error().text,
              "vip other: 203.0.113.10 is of vip web too, which is in another group");
  }
  auto one_group = shared_address(kHeld, kHeld);
  one_group.vips[2].group = "blue";
  EXPECT_TRUE(check(one_group, kOwn));
}

TEST(Rules, WhatCannotBeBuiltIsToldByItsPlace) {
  const Wrong kWrong[] = {
      {"weight", kTooMany, "10.0.0.1:80: weight: 257, at most 256",
       [](auto& c) { c.pools[0].servers[0].weight = limits::kWeightMax + 1; }},
      {"servers of a pool", kTooMany, "pool web: servers",
       [](auto& c) { c.pools[0].servers.resize(limits::kServersPerPool + 1); }},
      {"vips", kTooMany, "vips: 4097", [](auto& c) { c.vips.resize(limits::kVips + 1); }},
      {"pools", kTooMany, "pools: 4097", [](auto& c) { c.pools.resize(limits::kPools + 1); }},
      {"servers in all", kTooMany, "servers: 17",
       [](auto& c) {
         for (int i = 0; i < 17; ++i) {
           c.pools.emplace_back().servers.resize(limits::kServersPerPool);
         }
       }},
      {"snat addresses", kTooMany, "vip web: snat",
       [](auto& c) { c.vips[0].snat.assign(limits::kSnatPerVip + 1, ip("203.0.113.1")); }},
      {"server twice", kTwice, "10.0.0.1:80: given twice",
       [](auto& c) { c.pools[0].servers[1] = c.pools[0].servers[0]; }},
      {"pool twice", kTwice, "pool web: given twice",
       [](auto& c) { c.pools.push_back(c.pools[0]); }},
      {"vip twice", kTwice, "vip web: given twice",
       [](auto& c) { c.vips.push_back(vip("web", "203.0.113.11:80/tcp", "web")); }},
      {"address twice", kTwice, "is the address of vip web",
       [](auto& c) { c.vips.push_back(vip("other", "203.0.113.10:443/tcp", "web")); }},
      {"no list", kNoSuchList, "vip web: there is no prefix list bad",
       [](auto& c) { c.vips[0].deny = "bad"; }},
      {"no allow list", kNoSuchList, "vip web: there is no prefix list good",
       [](auto& c) { c.vips[0].allow = "good"; }},
      {"list twice", kTwice, "prefix list bad: given twice",
       [](auto& c) {
         c.lists = {{"bad", {}}, {"bad", {}}};
       }},
      {"lists", kTooMany, "prefix lists: 257",
       [](auto& c) { c.lists.resize(limits::kPrefixLists + 1); }},
      {"prefixes of a list", kTooMany, "prefix list bad: prefixes: 100001, at most 100000",
       [](auto& c) {
         c.lists = {{"bad", prefixes(limits::kPrefixesPerList + 1)}};
       }},
      {"prefixes of all lists", kTooMany, "prefixes of all lists",
       [](auto& c) {
         const auto full = prefixes(limits::kPrefixesPerList);
         c.lists = {{"a", full}, {"b", full}, {"c", full}};
       }},
      {"rate", kTooMany, "vip web: new flows a second: 1000001, at most 1000000",
       [](auto& c) { c.vips[0].limits.new_flow_rate = limits::kFlowRateMax + 1; }},
      {"a client's rate", kTooMany, "vip web: new flows a second",
       [](auto& c) { c.vips[0].limits.client_new_flow_rate = limits::kFlowRateMax + 1; }},
      {"IPv4 client", kTooMany, "vip web: bits of a client: 33, at most 32",
       [](auto& c) { c.vips[0].limits.client_length_v4 = 33; }},
      {"IPv6 client", kTooMany, "vip web: bits of a client: 129, at most 128",
       [](auto& c) { c.vips[0].limits.client_length_v6 = 129; }},
      {"no group", kNoSuchGroup, "vip web: there is no group blue",
       [](auto& c) { c.vips[0].group = "blue"; }},
      {"group twice", kTwice, "group blue: given twice",
       [](auto& c) {
         c.groups = {{"blue", {}}, {"blue", {}}};
       }},
      {"no name twice", kTwice, "group : given twice",
       [](auto& c) {
         c.groups = {{"", {}}, {"", {}}};
       }},
      // Their FNV-1a of 64 bits is the same.
      {"identity", kSameIdentity,
       "group GReLUrM4wMqfg9yzV3KQ: on the lease page it would pass for group "
       "8yn0iYCKYHlIj4-BwPqk; give it another name",
       [](auto& c) {
         c.groups = {{"8yn0iYCKYHlIj4-BwPqk", {}}, {"GReLUrM4wMqfg9yzV3KQ", {}}};
       }},
      {"groups", kTooMany, "groups: 64, at most 63",
       [](auto& c) {
         for (std::size_t i = 0; i < limits::kGroups; ++i) {
           c.groups.push_back({std::to_string(i), {}});
         }
       }},
      {"no pool", kNoSuchPool, "vip web: there is no pool nowhere",
       [](auto& c) { c.vips[0].pool = "nowhere"; }},
      {"families in a pool", kMixedFamily, "[2001:db8::1]:80",
       [](auto& c) {
         c.pools[0] = pool("web", {"10.0.0.1:80", "[2001:db8::1]:80"});
       }},
      {"family of the vip", kMixedFamily, "vip web: server [2001:db8::1]:80",
       [](auto& c) { c.pools[0] = pool("web", {"[2001:db8::1]:80"}); }},
      {"family of snat", kMixedFamily, "snat 2001:db8::9",
       [](auto& c) { c.vips[0].snat = {ip("2001:db8::9")}; }},
      {"multicast vip", kUnusable, "224.0.0.1",
       [](auto& c) { c.vips[0] = vip("web", "224.0.0.1:80/tcp", "web"); }},
      {"broadcast server", kUnusable, "255.255.255.255:80",
       [](auto& c) { c.pools[0] = pool("web", {"255.255.255.255:80"}); }},
      {"loopback server", kUnusable, "127.0.0.1:80",
       [](auto& c) { c.pools[0] = pool("web", {"127.0.0.1:80"}); }},
      {"own address", kOwnAddress, "192.0.2.2 is the unit's own address",
       [](auto& c) { c.vips[0] = vip("web", "192.0.2.2:80/tcp", "web"); }},
      {"own address as snat", kOwnAddress, "192.0.2.2 is the unit's own address",
       [](auto& c) { c.vips[0].snat = {ip("192.0.2.2")}; }},
      {"port in dsr", kDsrPort, "must be on port 53",
       [](auto& c) { c.pools[1].servers[0].endpoint.port = 54; }},
      {"snat in dsr", kDsrPort, "vip dns: dsr",
       [](auto& c) { c.vips[1].snat = {ip("2001:db8::9")}; }},
  };
  for (const Wrong& wrong : kWrong) {
    auto configuration = two_vips();
    wrong.change(configuration);
    const auto checked = check(configuration, kOwn);
    ASSERT_FALSE(checked) << wrong.what;
    EXPECT_EQ(checked.error().id, wrong.id) << wrong.what;
    EXPECT_NE(checked.error().text.find(wrong.says), std::string::npos) << checked.error().text;
  }
}

}  // namespace
}  // namespace yoke::control
