// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/controller.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "dataplane/control/errors.h"
#include "tests/unit/control/controller_rig.h"

namespace yoke::control {
namespace {

using api::ServerState;

class Control : public ControllerRig {
 protected:
  // Servers that the service's table leads to, as text.
  [[nodiscard]] std::set<std::string> chosen(const std::string& address) const {
    std::set<std::string> found;
    for (const auto& member : service(address).maglev->members()) {
      const lb::Server& server = snapshot().servers.at(member.server);
      EXPECT_NE(server.incarnation, 0);
      EXPECT_EQ(server.address, member.endpoint.address);
      found.insert(member.endpoint.to_string());
    }
    return found;
  }
  [[nodiscard]] std::size_t slot_of(const std::string& endpoint) const {
    const auto wanted = *net::Endpoint::parse(endpoint);
    for (std::size_t i = 0; i < snapshot().servers.size(); ++i) {
      const lb::Server& server = snapshot().servers[i];
      if (server.incarnation != 0 && server.address == wanted.address &&
          server.port.host() == wanted.port) {
        return i;
      }
    }
    return 9999;
  }
};

TEST_F(Control, BeforeAnyConfigurationTheKernelPathIsOpenAndNothingIsForwarded) {
  EXPECT_EQ(workers_.published(), 1);
  EXPECT_EQ(snapshot().ports.size(), 2u);
  EXPECT_FALSE(snapshot().local_addresses.contains(ip("203.0.113.10")));
  const auto status = controller_.status(start_ + std::chrono::seconds(5));
  EXPECT_EQ(status.running.revision, 0u);
  EXPECT_EQ(status.uptime_s, 5u);
}

TEST_F(Control, WhatIsStagedIsNotUsedUntilItIsActivated) {
  const auto staged = controller_.stage(two_vips());
  ASSERT_TRUE(staged);
  EXPECT_EQ(*staged, api::digest(two_vips()));
  EXPECT_EQ(workers_.published(), 1);
  const auto activated = controller_.activate(*staged);
  ASSERT_TRUE(activated);
  EXPECT_EQ(activated->generation, snapshot().generation);
  const auto running = controller_.status(start_).running;
  EXPECT_EQ(running.revision, 3u);
  EXPECT_EQ(running.digest, *staged);
  EXPECT_EQ(running.servers.size(), 5u);
}

TEST_F(Control, ASnapshotHoldsEveryRecord) {
  auto configuration = two_vips();
  configuration.vips[0].snat = {ip("203.0.113.200")};
  configuration.vips[0].idle_timeout_s = 77;
  run(configuration);
  EXPECT_EQ(service(kWeb).method, lb::Method::kNat);
  EXPECT_EQ(service(kWeb).snat, std::vector{ip("203.0.113.200")});
  EXPECT_EQ(service(kWeb).idle_timeout_s, 77u);
  EXPECT_EQ(service(kDns).method, lb::Method::kDsr);
  EXPECT_EQ(service(kDns).snat, std::vector{ip("2001:db8:1::10")}) << "the VIP itself";
  EXPECT_NE(service(kDns).pool, service(kWeb).pool);
  for (const char* ours : {"203.0.113.10", "203.0.113.200", "2001:db8:1::10"}) {
    EXPECT_TRUE(snapshot().local_addresses.contains(ip(ours))) << ours;
  }
  EXPECT_FALSE(snapshot().local_addresses.contains(ip("10.0.0.1")));
  EXPECT_EQ(chosen(kWeb), (std::set<std::string>{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}));
  EXPECT_EQ(snapshot().hash_key, lb::HashKey(configuration.hash_key));
}

TEST_F(Control, AServerThatIsDownDrainingOrWithoutWeightTakesNoNewFlows) {
  auto configuration = two_vips();
  configuration.pools[0].servers[0].weight = 0;
  configuration.pools[0].servers[1].state = ServerState::kDraining;
  run(configuration);
  EXPECT_EQ(chosen(kWeb), std::set<std::string>{"10.0.0.3:80"});
  ASSERT_TRUE(controller_.set_server_state({state("web", "10.0.0.3:80", ServerState::kDown)}));
  EXPECT_TRUE(service(kWeb).maglev->empty());
  EXPECT_EQ(snapshot().servers[slot_of("10.0.0.3:80")].state, lb::ServerState::kDown);
  EXPECT_EQ(snapshot().servers[slot_of("10.0.0.2:80")].state, lb::ServerState::kDraining);
}

TEST_F(Control, PoolsWithoutAChangeShareTheirTableWithTheNextSnapshot) {
  run(two_vips());
  const auto web = service(kWeb).maglev;
  const auto dns = service(kDns).maglev;
  ASSERT_TRUE(controller_.set_server_state({state("web", "10.0.0.3:80", ServerState::kDown)}));
  EXPECT_NE(service(kWeb).maglev, web);
  EXPECT_EQ(service(kDns).maglev, dns);
  auto rekeyed = two_vips();
  rekeyed.hash_key = {9};
  run(rekeyed);
  EXPECT_NE(service(kDns).maglev, dns);
}

TEST_F(Control, ADifferenceToWhatRunsIsStagedAsTheWholeWouldBe) {
  run(two_vips());
  ASSERT_TRUE(
      controller_.set_server_state({state("direct", "[2001:db8:2::1]:53", ServerState::kDown)}));
  const auto dns = service(kDns).maglev;
  auto next = two_vips();
  next.revision = 4;
  next.pools[0].servers.pop_back();
  const auto staged = controller_.stage(api::difference(two_vips(), next));
  ASSERT_TRUE(staged) << staged.error().text;
  EXPECT_EQ(*staged, api::digest(next));
  ASSERT_TRUE(controller_.activate(*staged));
  EXPECT_EQ(controller_.status(start_).running.revision, 4u);
  EXPECT_EQ(chosen(kWeb), (std::set<std::string>{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(service(kDns).maglev, dns) << "servers of other pools keep their states";
}

TEST_F(Control, ADifferenceToSomethingElseIsRefused) {
  run(two_vips());
  auto other = two_vips();
  other.pools[0].servers.pop_back();
  const auto refused = controller_.stage(api::difference(other, two_vips()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-307");
  EXPECT_EQ(refused.error().kind, Errc::kConflict);
}

TEST_F(Control, FlowsKeepTheirServerThroughEveryChangeThatKeepsIt) {
  run(two_vips());
  const std::size_t kept = slot_of("10.0.0.2:80");
  const auto incarnation = snapshot().servers[kept].incarnation;
  const auto vip_incarnation = service(kWeb).incarnation;

  auto changed = two_vips();
  changed.pools[0] = pool("renamed", {"10.0.0.9:80", "10.0.0.2:80"});
  changed.vips[0] = vip("other-name", kWeb, "renamed");
  run(changed);
  EXPECT_EQ(slot_of("10.0.0.2:80"), kept);
  EXPECT_EQ(snapshot().servers[kept].incarnation, incarnation);
  EXPECT_EQ(service(kWeb).incarnation, vip_incarnation);
  EXPECT_EQ(slot_of("10.0.0.1:80"), 9999u);
}

TEST_F(Control, ASnapshotIsNeverSmallerThanTheOneBefore) {
  run(two_vips());
  const auto services = snapshot().services.size(), servers = snapshot().servers.size();
  run({});
  EXPECT_EQ(snapshot().services.size(), services);
  EXPECT_EQ(snapshot().servers.size(), servers);
  for (const auto& server : snapshot().servers) EXPECT_EQ(server.incarnation, 0);
}

TEST_F(Control, ARefusedStageLeavesWhatRunsAndWhatWasStaged) {
  run(two_vips());
  const auto good = controller_.stage(api::Configuration{});
  auto bad = two_vips();
  bad.vips[0].pool = "nowhere";
  const int published = workers_.published();
  EXPECT_EQ(controller_.stage(bad).error().id, kNoSuchPool);
  EXPECT_EQ(workers_.published(), published);
  EXPECT_EQ(controller_.status(start_).running.revision, 3u);
  EXPECT_TRUE(controller_.activate(*good));
}

TEST_F(Control, OnlyWhatIsStagedCanBeActivatedAndOnce) {
  EXPECT_EQ(controller_.activate("0123456789abcdef").error().id, kNotStaged);
  const auto staged = controller_.stage(two_vips());
  EXPECT_EQ(controller_.activate("0123456789abcdef").error().id, kNotStaged);
  EXPECT_TRUE(controller_.activate(*staged));
  EXPECT_EQ(controller_.activate(*staged).error().id, kNotStaged);
}

TEST_F(Control, StatesThatChangeBetweenStageAndActivateAreCarriedOver) {
  run(two_vips());
  auto next = two_vips();
  next.pools[0].servers.push_back(pool("", {"10.0.0.4:80"}).servers[0]);
  const auto staged = controller_.stage(next);
  ASSERT_TRUE(controller_.set_server_state({state("web", "10.0.0.1:80", ServerState::kDown),
                                            state("web", "10.0.0.4:80", ServerState::kDown)}));
  EXPECT_EQ(chosen(kWeb), (std::set<std::string>{"10.0.0.2:80", "10.0.0.3:80"}));
  ASSERT_TRUE(controller_.activate(*staged));
  EXPECT_EQ(chosen(kWeb), (std::set<std::string>{"10.0.0.2:80", "10.0.0.3:80"}));
}

TEST_F(Control, StatesAreSetAllOrNone) {
  run(two_vips());
  const int published = workers_.published();
  const auto refused =
      controller_.set_server_state({state("web", "10.0.0.1:80", ServerState::kDown),
                                    state("web", "10.0.0.77:80", ServerState::kDown)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, kUnknownServer);
  EXPECT_EQ(workers_.published(), published);
  EXPECT_EQ(chosen(kWeb).size(), 3u);
  ASSERT_TRUE(controller_.set_server_state({state("web", "10.0.0.1:80", ServerState::kUp)}));
  EXPECT_EQ(workers_.published(), published) << "nothing differs, nothing is published";
}

Network lan() {
  Network network;
  network.routes = {{*net::Prefix::parse("10.0.0.0/24"), 1, std::nullopt, 0},
                    {*net::Prefix::parse("2001:db8:2::/64"), 0, ip("2001:db8::fe"), 0}};
  network.neighbors = {{1, ip("10.0.0.1"), {{2, 0, 0, 0, 1, 1}}},
                       {0, ip("2001:db8::fe"), {{2, 0, 0, 0, 1, 0xfe}}}};
  return network;
}

TEST_F(Control, ServersAreReachedByTheKernelsRoutesAndNeighbours) {
  run(two_vips());
  controller_.set_network(lan());
  const lb::Server& near = snapshot().servers[slot_of("10.0.0.1:80")];
  EXPECT_TRUE(near.hop.resolved);
  EXPECT_TRUE(near.on_link);
  EXPECT_EQ(near.hop.port, 1);
  EXPECT_EQ(near.hop.mac, (net::MacAddress{{2, 0, 0, 0, 1, 1}}));
  const lb::Server& unresolved = snapshot().servers[slot_of("10.0.0.2:80")];
  EXPECT_FALSE(unresolved.hop.resolved);
  const lb::Server& far = snapshot().servers[slot_of("[2001:db8:2::1]:53")];
  EXPECT_TRUE(far.hop.resolved);
  EXPECT_FALSE(far.on_link);

  const std::vector<Controller::Need> needs{{0, ip("2001:db8::fe"), true},
                                            {1, ip("10.0.0.1"), true},
                                            {1, ip("10.0.0.2"), false},
                                            {1, ip("10.0.0.3"), false}};
  EXPECT_EQ(controller_.needs(), needs);
  const int published = workers_.published();
  controller_.set_network(lan());
  EXPECT_EQ(workers_.published(), published) << "nothing differs, nothing is published";
}

TEST_F(Control, WhoeverResolvesNeighboursHearsOfEveryPublish) {
  int heard = 0;
  controller_.on_publish([&] { ++heard; });
  run(two_vips());
  controller_.set_network(lan());
  EXPECT_EQ(heard, 2);
}

TEST_F(Control, ANeighbourTheKernelLostIsKeptWhileAServerNeedsIt) {
  run(two_vips());
  auto network = lan();
  network.neighbors.push_back({1, ip("10.0.0.200"), {{2, 0, 0, 0, 1, 9}}});  // a client
  controller_.set_network(network);
  EXPECT_TRUE(snapshot().routing->resolve(ip("10.0.0.200")).resolved);
  network.neighbors.clear();
  controller_.set_network(network);
  EXPECT_TRUE(snapshot().servers[slot_of("10.0.0.1:80")].hop.resolved);
  EXPECT_FALSE(snapshot().routing->resolve(ip("10.0.0.200")).resolved);
  network.neighbors = {{1, ip("10.0.0.1"), {{2, 0, 0, 0, 1, 0x55}}}};
  controller_.set_network(network);
  EXPECT_EQ(snapshot().servers[slot_of("10.0.0.1:80")].hop.mac.octets[5], 0x55);
  controller_.set_network({});
  EXPECT_FALSE(snapshot().servers[slot_of("10.0.0.1:80")].hop.resolved) << "its route is gone";
}

TEST_F(Control, CountersOfAllWorkersAreAddedUpUnderTheirNames) {
  run(two_vips());
  const auto slot = slot_of("10.0.0.1:80");
  for (std::size_t w = 0; w < 2; ++w) {
    workers_.worker(w).rx.add(10);
    workers_.worker(w).drop(net::Drop::kNoFlow, 2);
    workers_.worker(w).servers[slot].packets_in.add(3);
    workers_.worker(w).servers[slot].flows_created.add(5);
    workers_.worker(w).servers[slot].flows_ended.add(1);
    workers_.worker(w).server_rests[slot].begun.add(3);
    workers_.worker(w).server_rests[slot].ended.add(2);
    workers_.worker(w).flows_open_added.add(4);
  }
  const auto counters = controller_.counters();
  ASSERT_EQ(counters.workers.size(), 2u);
  EXPECT_EQ(counters.workers[0].rx, 10u);
  EXPECT_EQ(counters.workers[0].drops.at("no-flow"), 2u);
  EXPECT_EQ(counters.workers[0].drops.size(), net::kDropCount);
  EXPECT_EQ(counters.servers.at("web").at("10.0.0.1:80").packets_in, 6u);
  EXPECT_EQ(counters.servers.at("web").at("10.0.0.1:80").flows_open, 6u);
  EXPECT_EQ(counters.flows_open, 8u);
  EXPECT_EQ(counters.flows_capacity, 1000u);
  EXPECT_EQ(counters.vips.size(), 2u);
  EXPECT_EQ(counters.ports.size(), 1u);
}

TEST_F(Control, WhomAVipRefusedIsToldByReasonAndByNobodyElsesSlot) {
  run(two_vips());
  const auto refuse = [this](std::size_t worker, net::Drop reason, std::uint64_t count) {
    for (std::size_t slot = 0; slot < 2; ++slot) {
      workers_.worker(worker).refusals[slot].by_reason[net::refusal_index(reason)].add(count);
    }
  };
  EXPECT_TRUE(controller_.counters().refused.empty());
  refuse(0, net::Drop::kDenied, 3);
  refuse(1, net::Drop::kDenied, 4);
  refuse(1, net::Drop::kClientRate, 5);
  const auto told = controller_.counters({.vips = false, .servers = false}).refused;
  EXPECT_EQ(told.at("web"),
            (std::map<std::string, std::uint64_t>{{"denied", 7}, {"client-rate", 5}}));
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(Control, OfTheCountersWhatIsAskedForIsTold) {
  run(two_vips());
  const auto all = controller_.counters();
  ASSERT_GT(all.servers.size(), 1U);
  const auto totals = controller_.counters({.vips = false, .servers = false});
  EXPECT_TRUE(totals.vips.empty());
  EXPECT_TRUE(totals.servers.empty());
  EXPECT_EQ(totals.workers, all.workers);
  EXPECT_EQ(totals.ports, all.ports);
  const auto web = controller_.counters({.vips = false, .pool = "web"});
  EXPECT_EQ(web.servers.size(), 1U);
  EXPECT_EQ(web.servers.at("web"), all.servers.at("web"));
  EXPECT_TRUE(controller_.counters({.pool = "gone"}).servers.empty());
  EXPECT_FALSE(controller_.status(MonoClock::now()).running.servers.empty());
  EXPECT_TRUE(controller_.status(MonoClock::now(), {.servers = false}).running.servers.empty());
}

TEST_F(Control, ConnectionsAreToldByServerOfThePoolsAskedFor) {
  run(two_vips());
  const auto slot = slot_of("10.0.0.1:80");
  for (std::size_t w = 0; w < 2; ++w) {
    auto& counted = workers_.worker(w).connections[slot];
    counted.answered.add(4);
    counted.refused.add(3);
    counted.unanswered.add(2);
    counted.reset.add(1);
  }
  const auto all = controller_.connections();
  ASSERT_GT(all.pools.size(), 1U);
  EXPECT_EQ(all.pools.at("web").at("10.0.0.1:80"), (api::ConnectionCounters{8, 6, 4, 2}));
  const auto web = controller_.connections({.pools = {"web", "gone"}});
  EXPECT_EQ(web.pools.size(), 1U);
  EXPECT_EQ(web.pools.at("web"), all.pools.at("web"));
}

TEST_F(Control, ARecordBeginsAtZeroInASlotThatCountedForAnother) {
  run(two_vips());
  const auto slot = slot_of("10.0.0.1:80");
  workers_.worker(0).servers[slot].packets_in.add(100);
  workers_.worker(0).connections[slot].refused.add(100);
  auto without = two_vips();
  without.pools[0].servers.erase(without.pools[0].servers.begin());
  run(without);
  auto other = without;
  other.pools[0].servers.push_back(pool("", {"10.0.0.4:80"}).servers[0]);
  run(other);
  ASSERT_EQ(slot_of("10.0.0.4:80"), slot);
  EXPECT_EQ(controller_.counters().servers.at("web").at("10.0.0.4:80").packets_in, 0u);
  workers_.worker(1).servers[slot].packets_in.add(1);
  EXPECT_EQ(controller_.counters().servers.at("web").at("10.0.0.4:80").packets_in, 1u);
  EXPECT_EQ(controller_.connections().pools.at("web").at("10.0.0.4:80"), api::ConnectionCounters{});
}

TEST_F(Control, AResponseTimeIsPublishedAndChangesNoDigest) {
  run(two_vips());
  const auto before = controller_.status(start_).running;
  auto change = state("web", "10.0.0.2:80", ServerState::kUp);
  change.response_us = 2500;
  const int published = workers_.published();
  ASSERT_TRUE(controller_.set_server_state({change}));
  EXPECT_EQ(workers_.published(), published + 1);
  EXPECT_EQ(snapshot().servers[slot_of("10.0.0.2:80")].response_us, 2500U);
  const auto after = controller_.status(start_).running;
  EXPECT_EQ(after.digest, before.digest);
  EXPECT_NE(std::ranges::find(after.servers, change), after.servers.end());
  ASSERT_TRUE(controller_.set_server_state({change}));
  EXPECT_EQ(workers_.published(), published + 1) << "nothing new";
}

}  // namespace
}  // namespace yoke::control
