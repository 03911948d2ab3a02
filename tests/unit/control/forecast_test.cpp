// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/forecast.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/api/difference.h"
#include "dataplane/api/errors.h"
#include "tests/unit/control/controller_rig.h"

namespace yoke::control {
namespace {

using api::ServerState;

class Forecasts : public ControllerRig {
 protected:
  void SetUp() override { run(two_vips()); }
  // 10 for each service and 100 for each server, and as many more as its slot; kept 1000.
  void find_something() {
    lb::Trial::Counts counts;
    for (std::size_t i = 0; i < snapshot().services.size(); ++i) {
      counts.service_losses.push_back(10 + i);
    }
    for (std::size_t i = 0; i < snapshot().servers.size(); ++i) {
      counts.server_losses.push_back(0);
      counts.kept.push_back(1000 + i);
    }
    workers_.find(std::move(counts));
  }
  std::size_t slot_of(const std::string& endpoint) {
    const auto wanted = *net::Endpoint::parse(endpoint);
    std::size_t slot = 0;
    while (snapshot().servers.at(slot).address != wanted.address) ++slot;
    return slot;
  }
};

TEST_F(Forecasts, WhatWorkersFindIsToldUnderTheNamesThatRun) {
  find_something();
  auto next = two_vips();
  next.vips.front().name = "front";
  const auto told = controller_.forecast(next);
  ASSERT_TRUE(told) << told.error().text;
  EXPECT_TRUE(told->is_counted);
  EXPECT_EQ(told->vips.size(), 2u);
  EXPECT_TRUE(told->vips.contains("web"));
  EXPECT_TRUE(told->vips.contains("dns"));
  EXPECT_TRUE(told->servers.empty()) << "nothing happens to those of any server";
}

TEST_F(Forecasts, OfAServerThatTakesNoNewOnesThoseThatItKeepsAreTold) {
  find_something();
  auto next = two_vips();
  next.pools.front().name = "shop";
  next.vips.front().pool = "shop";
  next.pools.front().servers[1].state = ServerState::kDraining;
  next.pools.front().servers[2].weight = 0;
  const auto told = controller_.forecast(next);
  ASSERT_TRUE(told) << told.error().text;
  const std::map<std::string, api::Forecast::Server> wanted{
      {"10.0.0.2:80", {0, 1000 + slot_of("10.0.0.2:80")}},
      {"10.0.0.3:80", {0, 1000 + slot_of("10.0.0.3:80")}}};
  ASSERT_TRUE(told->servers.contains("web")) << "as it is named now";
  EXPECT_EQ(told->servers.at("web"), wanted);
}

TEST_F(Forecasts, NothingOfItIsKept) {
  const auto generation = snapshot().generation;
  const int published = workers_.published();
  auto next = two_vips();
  next.pools.front().servers.erase(next.pools.front().servers.begin());
  next.vips.pop_back();
  const auto told = controller_.forecast(next);
  ASSERT_TRUE(told) << told.error().text;
  EXPECT_FALSE(told->is_counted) << "workers did not say";
  EXPECT_EQ(workers_.published(), published);
  EXPECT_EQ(snapshot().generation, generation);
  EXPECT_FALSE(controller_.activate(api::digest(next))) << "it is not staged";
  // What runs stands in its slots in what was tried out.
  const auto slot = slot_of("10.0.0.2:80");
  EXPECT_EQ(workers_.tried().servers.at(slot).incarnation, snapshot().servers.at(slot).incarnation);
  const auto gone = slot_of("10.0.0.1:80");
  EXPECT_NE(workers_.tried().servers.at(gone).incarnation, snapshot().servers.at(gone).incarnation);
  EXPECT_EQ(workers_.tried().routing, snapshot().routing);
  // Another one is as it would have been without.
  run(two_vips());
  EXPECT_FALSE(service(kWeb).maglev->members().empty());
}

TEST_F(Forecasts, OfADifferenceItIsThatOfTheWhole) {
  find_something();
  auto next = two_vips();
  next.pools.front().servers[1].state = ServerState::kDraining;
  next.pools.front().servers[1].weight = 0;
  const auto whole = controller_.forecast(next);
  const auto part = controller_.forecast(api::difference(two_vips(), next));
  ASSERT_TRUE(whole && part);
  EXPECT_EQ(*whole, *part);
  auto stale = api::difference(next, two_vips());
  const auto refused = controller_.forecast(stale);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, api::kOtherBase);
}

TEST_F(Forecasts, OfWhatCannotRunItIsTheSameRefusal) {
  auto next = two_vips();
  next.vips.front().pool = "nowhere";
  const auto refused = controller_.forecast(next);
  const auto staged = controller_.stage(next);
  ASSERT_FALSE(refused);
  ASSERT_FALSE(staged);
  EXPECT_EQ(refused.error(), staged.error());
}

}  // namespace
}  // namespace yoke::control
