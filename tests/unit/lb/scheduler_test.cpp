// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace yoke::lb {
namespace {

Service service_of(Method method, std::vector<std::uint16_t> weights) {
  std::vector<Maglev::Member> members;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    members.push_back({{net::IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(i + 1)), 80},
                       static_cast<std::uint16_t>(i),
                       weights[i]});
  }
  Service service;
  service.method = method;
  service.maglev = std::make_shared<Maglev>(HashKey(), members);
  return service;
}

Scheduler::Choice choose(Scheduler& scheduler, const Service& service, std::uint32_t hash) {
  static const Snapshot kSnapshot;
  return scheduler.choose(kSnapshot, service, {hash, {}, true});
}

TEST(Scheduler, ThreeServersAreWithinTwoPercentOfEvenAfter3000Flows) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    Scheduler scheduler;
    const Service service = service_of(Method::kNat, {1, 1, 1});
    std::map<std::uint16_t, int> count;
    for (int i = 0; i < 3000; ++i) {
      ++count[choose(scheduler, service, static_cast<std::uint32_t>(random())).server];
    }
    for (const auto& [server, n] : count) EXPECT_NEAR(n, 1000, 20) << server << " seed " << seed;
  }
}

TEST(Scheduler, WeightsAreKeptTo) {
  std::mt19937 random(1);
  Scheduler scheduler;
  const Service service = service_of(Method::kNat, {1, 2, 5});
  std::map<std::uint16_t, int> count;
  for (int i = 0; i < 8000; ++i) {
    ++count[choose(scheduler, service, static_cast<std::uint32_t>(random())).server];
  }
  EXPECT_NEAR(count[0], 1000, 40);
  EXPECT_NEAR(count[1], 2000, 40);
  EXPECT_NEAR(count[2], 5000, 60);
}

TEST(Scheduler, DivertedFlowsAreFewAndAreExactlyThoseMaglevWouldSendElsewhere) {
  std::mt19937 random(2);
  Scheduler scheduler;
  const Service service = service_of(Method::kNat, {1, 1, 1});
  int diverted = 0;
  for (int i = 0; i < 30000; ++i) {
    const auto hash = static_cast<std::uint32_t>(random());
    const auto choice = choose(scheduler, service, hash);
    if (choice.diverted) ++diverted;
    EXPECT_EQ(choice.diverted, choice.server != service.maglev->pick(hash).server);
  }
  EXPECT_GT(diverted, 0);
  EXPECT_LT(diverted, 30000 / 30);
}

TEST(Scheduler, DsrIsMaglevAlone) {
  std::mt19937 random(3);
  Scheduler scheduler;
  const Service service = service_of(Method::kDsr, {1, 1, 1});
  for (int i = 0; i < 3000; ++i) {
    const auto hash = static_cast<std::uint32_t>(random());
    const auto choice = choose(scheduler, service, hash);
    EXPECT_EQ(choice.server, service.maglev->pick(hash).server);
    EXPECT_FALSE(choice.diverted);
  }
}

TEST(Scheduler, AServerThatComesBackIsNotFloodedToCatchUp) {
  std::mt19937 random(4);
  Scheduler scheduler;
  Service two = service_of(Method::kNat, {1, 1});
  for (int i = 0; i < 3000; ++i) {
    (void)choose(scheduler, two, static_cast<std::uint32_t>(random()));
  }
  const Service three = service_of(Method::kNat, {1, 1, 1});
  std::map<std::uint16_t, int> count;
  for (int i = 0; i < 300; ++i) {
    ++count[choose(scheduler, three, static_cast<std::uint32_t>(random())).server];
  }
  EXPECT_NEAR(count[2], 100, 40);
}

}  // namespace
}  // namespace yoke::lb
