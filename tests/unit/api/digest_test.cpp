// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>

#include "dataplane/api/messages.h"
#include "tests/unit/api/random_messages.h"

namespace yoke::api {
namespace {

// The digest from its description: everything that counts laid out in one string, in the order of
// names and endpoints, each text after its length, each number in eight bytes, lowest first; then
// FNV-1a over all of it.
std::string number(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}
std::string text(const std::string& value) { return number(value.size()) + value; }
std::string text(const net::IpAddress& address) {
  return text(std::string(address.octets().begin(), address.octets().end()));
}
std::string text(const net::Endpoint& endpoint) {
  return text(endpoint.address) + number(endpoint.port);
}

constexpr std::uint64_t kMore = ~std::uint64_t{0};

std::string recomputed(const Configuration& configuration) {
  std::map<std::string, std::string> pools, vips;
  for (const Pool& pool : configuration.pools) {
    std::map<net::Endpoint, std::string> servers;
    for (const Server& server : pool.servers) {
      servers[server.endpoint] = text(server.endpoint) + number(server.weight);
    }
    std::string& bytes = pools[pool.name];
    bytes = text(pool.name) +
            number((pool.method == Method::kDsr ? 1 : 0) +
                   256 * static_cast<std::uint64_t>(pool.scheduler)) +
            number(servers.size());
    for (const auto& [endpoint, server] : servers) bytes += server;
  }
  for (const Vip& vip : configuration.vips) {
    std::string& bytes = vips[vip.name];
    bytes = text(vip.name) + text(vip.address.endpoint) +
            number(vip.address.protocol == net::Protocol::kTcp ? 6 : 17) + text(vip.pool) +
            number(vip.snat.size());
    for (const auto& address : vip.snat) bytes += text(address);
    bytes += number(vip.idle_timeout_s);
    if (!vip.allow.empty() || !vip.deny.empty() || !(vip.limits == FlowLimits())) {
      const FlowLimits& limits = vip.limits;
      bytes += number(kMore) + text(vip.allow) + text(vip.deny) + number(limits.max_flows) +
               number(limits.new_flow_rate) + number(limits.client_new_flow_rate) +
               number(limits.client_length_v4) + number(limits.client_length_v6);
    }
    if (!vip.group.empty()) bytes += number(kMore - 1) + text(vip.group);
    if (vip.sync == FlowSync::kNone) bytes += number(kMore - 2) + number(0);
  }
  std::string all = text(std::string(configuration.hash_key.begin(), configuration.hash_key.end()));
  all += number(pools.size());
  for (const auto& [name, bytes] : pools) all += bytes;
  all += number(vips.size());
  for (const auto& [name, bytes] : vips) all += bytes;
  std::map<std::string, std::string> lists;
  for (const PrefixList& list : configuration.lists) {
    lists[list.name] =
        text(list.name) + number(list.prefixes.size()) + number(list.prefixes.digest());
  }
  if (!lists.empty()) all += number(kMore) + number(lists.size());
  for (const auto& [name, bytes] : lists) all += bytes;
  std::map<std::string, std::string> groups;
  for (const Group& group : configuration.groups) {
    groups[group.name] = text(group.name) + number(group.lease == Lease::kHeld ? 1 : 0);
  }
  if (!groups.empty()) all += number(kMore - 1) + number(groups.size());
  for (const auto& [name, bytes] : groups) all += bytes;

  std::uint64_t hash = 14695981039346656037U;
  for (const char c : all) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  char digits[17];
  (void)std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

TEST(Digest, IsThatOfItsDescription) {
  EXPECT_EQ(digest({}), recomputed({}));
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto configuration = testing::RandomMessages(seed).configuration();
    EXPECT_EQ(digest(configuration), recomputed(configuration)) << seed;
  }
}

TEST(Digest, DoesNotDependOnOrderRevisionOrState) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    testing::RandomMessages random(seed);
    auto configuration = random.configuration();
    const std::string before = digest(configuration);
    configuration.revision = random.number<std::uint64_t>();
    std::mt19937 order(seed);
    std::shuffle(configuration.pools.begin(), configuration.pools.end(), order);
    std::shuffle(configuration.vips.begin(), configuration.vips.end(), order);
    for (Pool& pool : configuration.pools) {
      std::shuffle(pool.servers.begin(), pool.servers.end(), order);
      for (Server& server : pool.servers) {
        server.state = random.change().state;
        server.response_us = random.number<std::uint32_t>();
      }
    }
    EXPECT_EQ(digest(configuration), before) << seed;
  }
}

Configuration example() {
  Configuration made;
  const auto at = [](const char* endpoint) { return *net::Endpoint::parse(endpoint); };
  made.pools = {{"a", Method::kNat, {{at("10.0.0.1:80"), 1, {}}, {at("10.0.0.2:80"), 2, {}}}},
                {"b", Method::kNat, {{at("10.0.0.3:80"), 1, {}}}}};
  const auto snat = [](const char* address) { return *net::IpAddress::parse(address); };
  made.vips = {{"v",
                *net::ServiceAddress::parse("192.0.2.1:80/tcp"),
                "a",
                {snat("192.0.2.8"), snat("192.0.2.9")},
                30}};
  return made;
}

TEST(Digest, EveryRuleOfForwardingChangesIt) {
  using Change = std::function<void(Configuration&)>;
  const std::map<std::string, Change> changes{
      {"nothing", [](Configuration&) {}},
      {"hash key", [](Configuration& c) { c.hash_key[15] = 1; }},
      {"pool's name", [](Configuration& c) { c.pools[0].name = "c"; }},
      {"pool's method", [](Configuration& c) { c.pools[0].method = Method::kDsr; }},
      {"pool's scheduler",
       [](Configuration& c) { c.pools[0].scheduler = Scheduler::kResponseTime; }},
      {"pool gone", [](Configuration& c) { c.pools.pop_back(); }},
      {"pool without servers",
       [](Configuration& c) {
         c.pools.push_back({"c", {}, {}});
       }},
      {"server's port", [](Configuration& c) { c.pools[0].servers[0].endpoint.port = 81; }},
      {"server's weight", [](Configuration& c) { c.pools[0].servers[0].weight = 3; }},
      {"weights swapped",
       [](Configuration& c) {
         std::swap(c.pools[0].servers[0].weight, c.pools[0].servers[1].weight);
       }},
      {"server gone", [](Configuration& c) { c.pools[0].servers.pop_back(); }},
      {"server in the other pool",
       [](Configuration& c) {
         c.pools[1].servers.push_back(c.pools[0].servers[1]);
         c.pools[0].servers.pop_back();
       }},
      {"VIP's name", [](Configuration& c) { c.vips[0].name = "w"; }},
      {"VIP's port", [](Configuration& c) { c.vips[0].address.endpoint.port = 81; }},
      {"VIP's protocol",
       [](Configuration& c) { c.vips[0].address.protocol = net::Protocol::kUdp; }},
      {"VIP's pool", [](Configuration& c) { c.vips[0].pool = "b"; }},
      {"VIP without a pool", [](Configuration& c) { c.vips[0].pool = ""; }},
      {"a letter from name to pool",
       [](Configuration& c) {
         c.vips[0].name = "";
         c.vips[0].pool = "va";
       }},
      {"VIP's SNAT order",
       [](Configuration& c) { std::swap(c.vips[0].snat[0], c.vips[0].snat[1]); }},
      {"VIP without SNAT", [](Configuration& c) { c.vips[0].snat.clear(); }},
      {"VIP's timeout", [](Configuration& c) { c.vips[0].idle_timeout_s = 31; }},
      {"VIP's allow list", [](Configuration& c) { c.vips[0].allow = "x"; }},
      {"VIP's deny list", [](Configuration& c) { c.vips[0].deny = "x"; }},
      {"VIP's flows", [](Configuration& c) { c.vips[0].limits.max_flows = 9; }},
      {"VIP's rate", [](Configuration& c) { c.vips[0].limits.new_flow_rate = 9; }},
      {"client's rate", [](Configuration& c) { c.vips[0].limits.client_new_flow_rate = 9; }},
      {"IPv4 client", [](Configuration& c) { c.vips[0].limits.client_length_v4 = 24; }},
      {"IPv6 client", [](Configuration& c) { c.vips[0].limits.client_length_v6 = 56; }},
      {"an empty list",
       [](Configuration& c) {
         c.lists = {{"x", {}}};
       }},
      {"a list",
       [](Configuration& c) {
         c.lists = {{"x", PrefixSet({*net::Prefix::parse("10.0.0.0/8")})}};
       }},
      {"a longer prefix in it",
       [](Configuration& c) {
         c.lists = {{"x", PrefixSet({*net::Prefix::parse("10.0.0.0/9")})}};
       }},
      {"VIP's group", [](Configuration& c) { c.vips[0].group = "x"; }},
      {"VIP's flow sync", [](Configuration& c) { c.vips[0].sync = FlowSync::kNone; }},
      {"a group",
       [](Configuration& c) {
         c.groups.push_back({"x", Lease::kStanding});
       }},
      {"a group that is held",
       [](Configuration& c) {
         c.groups.push_back({"x", Lease::kHeld});
       }},
      {"the group without a name",
       [](Configuration& c) {
         c.groups.push_back({"", Lease::kHeld});
       }},
      {"VIP gone", [](Configuration& c) { c.vips.clear(); }},
  };
  std::map<std::string, std::string> seen;
  for (const auto& [name, change] : changes) {
    Configuration configuration = example();
    change(configuration);
    const auto [other, is_new] = seen.emplace(digest(configuration), name);
    EXPECT_TRUE(is_new) << name << " and " << other->second << " have one digest";
  }
}

}  // namespace
}  // namespace yoke::api
