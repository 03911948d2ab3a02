// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/snapshot_builder.h"

#include <gtest/gtest.h>

#include "tests/unit/control/fake_workers.h"

namespace yoke::control {
namespace {

class Building : public ::testing::Test {
 protected:
  static Plan plan_of(const api::Configuration& configuration) {
    auto plan = make_plan(configuration, Plan{}, {});
    EXPECT_TRUE(plan);
    return std::move(*plan);
  }
  // The table of each pool that a service of `snapshot` leads to, by its members.
  static std::set<std::shared_ptr<const lb::Maglev>> tables_in(const lb::Snapshot& snapshot) {
    std::set<std::shared_ptr<const lb::Maglev>> tables;
    for (const lb::Service& service : snapshot.services) tables.insert(service.maglev);
    return tables;
  }
  static std::set<std::shared_ptr<const lb::Maglev>> tables_of(
      const SnapshotBuilder::Tables& ready) {
    std::set<std::shared_ptr<const lb::Maglev>> tables;
    for (const auto& [pool, table] : ready.by_pool) tables.insert(table);
    return tables;
  }

  SnapshotBuilder builder_{{lb::Port{}}};
  std::shared_ptr<const lb::Routing> routing_ = std::make_shared<lb::Routing>();
};

TEST_F(Building, WhatWasPreparedIsNotBuiltAgain) {
  const Plan plan = plan_of(two_vips());
  const auto ready = builder_.prepare(plan);
  ASSERT_EQ(ready.by_pool.size(), 2U);
  const auto snapshot = builder_.build(plan, routing_, 1, ready);
  EXPECT_EQ(tables_in(*snapshot), tables_of(ready));
  // And preparing what runs already makes nothing new.
  EXPECT_EQ(tables_of(builder_.prepare(plan)), tables_of(ready));
}

TEST_F(Building, AServerThatWentDownSinceCostsItsPoolsTableAlone) {
  Plan plan = plan_of(two_vips());
  const auto ready = builder_.prepare(plan);
  ASSERT_TRUE(plan.apply({state("web", "10.0.0.3:80", api::ServerState::kDown)}));
  const auto snapshot = builder_.build(plan, routing_, 1, ready);
  std::size_t kept = 0;
  for (const auto& table : tables_in(*snapshot)) kept += tables_of(ready).count(table);
  EXPECT_EQ(kept, 1U);
}

TEST_F(Building, TablesOfAnotherKeyAreOfNoUse) {
  const auto ready = builder_.prepare(plan_of(two_vips()));
  auto rekeyed = two_vips();
  rekeyed.hash_key = {9};
  const auto snapshot = builder_.build(plan_of(rekeyed), routing_, 1, ready);
  for (const auto& table : tables_in(*snapshot)) EXPECT_EQ(tables_of(ready).count(table), 0U);
}

TEST_F(Building, EverySchedulerReachesTheService) {
  const std::pair<api::Scheduler, lb::Scheduling> kAll[] = {
      {api::Scheduler::kMaglev, lb::Scheduling::kMaglev},
      {api::Scheduler::kRoundRobin, lb::Scheduling::kRoundRobin},
      {api::Scheduler::kLeastConnections, lb::Scheduling::kLeastConnections},
      {api::Scheduler::kSourceHash, lb::Scheduling::kSourceHash},
      {api::Scheduler::kResponseTime, lb::Scheduling::kResponseTime}};
  for (const auto& [wanted, made] : kAll) {
    auto configuration = two_vips();
    for (api::Pool& pool : configuration.pools) pool.scheduler = wanted;
    const auto snapshot = builder_.build(plan_of(configuration), routing_, 1);
    for (const lb::Service& service : snapshot->services) EXPECT_EQ(service.scheduling, made);
  }
}

TEST_F(Building, AServerOfUnknownResponseTimeHasTheMiddleOneOfThoseThatAreUp) {
  struct Case {
    std::vector<std::uint32_t> told, made;
  };
  const Case kCases[] = {{{0, 0, 0}, {1, 1, 1}},
                         {{7000, 0, 0}, {7000, 7000, 7000}},
                         {{1000, 90'000, 0}, {1000, 90'000, 90'000}},
                         {{3000, 2000, 1000}, {3000, 2000, 1000}}};
  for (const Case& c : kCases) {
    auto configuration = two_vips();
    auto& servers = configuration.pools[0].servers;
    for (std::size_t i = 0; i < 3; ++i) servers[i].response_us = c.told[i];
    const Plan plan = plan_of(configuration);
    const auto snapshot = builder_.build(plan, routing_, 1);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto slot = plan.servers.find({"web", servers[i].endpoint})->slot;
      EXPECT_EQ(snapshot->servers[slot].response_us, c.made[i]);
    }
  }
  // One that is down says nothing of the others.
  auto configuration = two_vips();
  configuration.pools[0].servers[0].response_us = 900'000;
  configuration.pools[0].servers[0].state = api::ServerState::kDown;
  configuration.pools[0].servers[1].response_us = 2000;
  const Plan plan = plan_of(configuration);
  const auto slot = plan.servers.find({"web", configuration.pools[0].servers[2].endpoint})->slot;
  EXPECT_EQ(builder_.build(plan, routing_, 1)->servers[slot].response_us, 2000U);
}

api::Configuration guarded() {
  auto configuration = two_vips();
  configuration.lists = {{"bad", api::PrefixSet({*net::Prefix::parse("198.51.100.0/24")})},
                         {"other", api::PrefixSet({*net::Prefix::parse("2001:db8:9::/48")})}};
  configuration.vips[0].deny = "bad";
  configuration.vips[0].limits = {100, 50, 10, 24, 56};
  configuration.vips[1].allow = "other";
  return configuration;
}

TEST_F(Building, ListsAndLimitsAreAVipsOwn) {
  const Plan plan = plan_of(guarded());
  const auto snapshot = builder_.build(plan, routing_, 1);
  const auto slot = [&](const char* address) {
    return plan.services.find(*net::ServiceAddress::parse(address))->slot;
  };
  const auto web = slot("203.0.113.10:443/tcp"), dns = slot("[2001:db8:1::10]:53/udp");
  EXPECT_TRUE(snapshot->services[web].is_guarded);
  const lb::Guard& guard = snapshot->guards[web];
  EXPECT_EQ(guard.refuses(ip("198.51.100.7")), net::Drop::kDenied);
  EXPECT_EQ(guard.refuses(ip("198.51.101.7")), std::nullopt);
  EXPECT_EQ(guard.max_flows, 100U);
  EXPECT_EQ(guard.flow_interval, lb::RateLimiter::interval(50));
  EXPECT_EQ(guard.client_interval, lb::RateLimiter::interval(10));
  EXPECT_EQ(ip("198.51.100.7").masked(guard.client_mask), ip("198.51.100.0"));
  EXPECT_EQ(snapshot->guards[dns].refuses(ip("2001:db8:8::1")), net::Drop::kNotAllowed);
  EXPECT_EQ(snapshot->echo.refuses(ip("203.0.113.10"), ip("198.51.100.7")), net::Drop::kDenied);
  const auto plain = builder_.build(plan_of(two_vips()), routing_, 2);
  EXPECT_FALSE(plain->services[web].is_guarded);
}

TEST_F(Building, AListThatIsTheSameIsNotBuiltAgainAndOneThatIsNotSaysSo) {
  const Plan plan = plan_of(guarded());
  const auto ready = builder_.prepare(plan);
  const auto first = builder_.build(plan, routing_, 1, ready);
  EXPECT_EQ(first->guards[0].allow == nullptr ? first->guards[0].deny : first->guards[0].allow,
            first->guards[0].allow == nullptr ? ready.by_list.at("bad").table
                                              : ready.by_list.at("other").table);
  auto next = guarded();
  next.vips[0].idle_timeout_s = 9;
  const auto same = builder_.build(plan_of(next), routing_, 2);
  EXPECT_EQ(same->lists_version, first->lists_version);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    EXPECT_EQ(same->guards[slot].deny, first->guards[slot].deny);
    EXPECT_EQ(same->guards[slot].allow, first->guards[slot].allow);
  }
  next.lists[0].prefixes = api::PrefixSet({*net::Prefix::parse("198.51.0.0/16")});
  const auto other = builder_.build(plan_of(next), routing_, 3);
  EXPECT_NE(other->lists_version, same->lists_version);
}

TEST_F(Building, AServerIsFoundByItsAddressInThePoolThatIsAsked) {
  auto configuration = two_vips();
  configuration.pools.push_back(pool("again", {"10.0.0.1:80", "10.0.0.9:80"}));
  const Plan plan = plan_of(configuration);
  const auto snapshot = builder_.build(plan, routing_, 1);
  const auto slot = [&](const std::string& in, const std::string& endpoint) {
    const auto at = *net::Endpoint::parse(endpoint);
    return snapshot->server_table.find(plan.pools.find(in)->slot, at.address,
                                       net::Be16::from_host(at.port));
  };
  const auto placed = [&](const std::string& in, const std::string& endpoint) {
    return std::optional(plan.servers.find({in, *net::Endpoint::parse(endpoint)})->slot);
  };
  EXPECT_EQ(slot("web", "10.0.0.1:80"), placed("web", "10.0.0.1:80"));
  EXPECT_EQ(slot("again", "10.0.0.1:80"), placed("again", "10.0.0.1:80"));
  // Not in the pool, but in another.
  EXPECT_EQ(slot("web", "10.0.0.9:80"), placed("again", "10.0.0.9:80"));
  EXPECT_EQ(slot("web", "10.0.0.8:80"), std::nullopt);
  EXPECT_EQ(slot("web", "10.0.0.1:81"), std::nullopt);
}

TEST_F(Building, WhatDsrTablesGiveIsOneNumber) {
  Plan plan = plan_of(two_vips());
  const auto first = builder_.build(plan, routing_, 1)->implied_digest;
  EXPECT_EQ(builder_.build(plan, routing_, 2)->implied_digest, first);
  ASSERT_TRUE(plan.apply({state("web", "10.0.0.3:80", api::ServerState::kDown)}));
  EXPECT_EQ(builder_.build(plan, routing_, 3)->implied_digest, first);  // a pool in nat
  ASSERT_TRUE(plan.apply({state("direct", "[2001:db8:2::1]:53", api::ServerState::kDown)}));
  EXPECT_NE(builder_.build(plan, routing_, 4)->implied_digest, first);
}

}  // namespace
}  // namespace yoke::control
