// SPDX-License-Identifier: Apache-2.0
// What goes wrong beside the wire: restarts, gaps, tables that differ, configurations that are
// late.
#include <gtest/gtest.h>

#include "tests/unit/sync/pair.h"

namespace yoke::sync {
namespace {

using lb::FlowDuty;
using lb::kNatV4;

UnitSpec spec(std::uint64_t seed, std::uint8_t workers = 2) {
  UnitSpec s;
  s.seed = seed;
  s.workers = workers;
  s.sender.digest_every = std::chrono::seconds(1);
  return s;
}

class Repair : public ::testing::Test {
 protected:
  explicit Repair(const UnitSpec& active = spec(1),
                  Link::Faults faults = {0.02, 0.02, std::chrono::microseconds(1000)})
      : pair_(active, spec(2), faults, 5), clients_(*pair_.active_, 5) {}
  void live(int turns) {
    for (; turns > 0; --turns) {
      for (int i = 0; i < 6; ++i) clients_.act();
      pair_.turn();
    }
  }
  void expect_equal() {
    ASSERT_TRUE(pair_.settle());
    ASSERT_EQ(pair_.standby_->plain_flows(), pair_.active_->plain_flows());
    ASSERT_FALSE(pair_.active_->plain_flows().empty());
  }
  // Until a round of digests has been compared.
  void compare_digests() {
    const auto& counters = pair_.standby_->receiver_->counters();
    const auto before = counters.rounds;
    for (int i = 0; i < 60'000 && counters.rounds == before; ++i) pair_.turn();
    ASSERT_GT(counters.rounds, before);
  }
  std::uint64_t lost() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pair_.standby_->workers(); ++i) {
      sum += pair_.standby_->worker(i).adopter.counters().lost.value();
    }
    return sum;
  }

  Pair pair_;
  Clients clients_;
};

TEST_F(Repair, ThePeerRestartsInTheMiddle) {
  live(300);
  for (std::uint64_t seed = 3; seed < 6; ++seed) {
    pair_.restart_standby(spec(seed, static_cast<std::uint8_t>(seed - 2)));
    live(100);
  }
  expect_equal();
  EXPECT_GE(pair_.active_->sender_->counters().sessions, 4U);
}

TEST_F(Repair, WeRestartAndThePeerForgetsWhatWeLost) {
  live(300);
  expect_equal();
  pair_.active_ = std::make_unique<Unit>(spec(9));
  pair_.active_->set_duty(FlowDuty::kSend);
  clients_ = Clients(*pair_.active_, 6);
  live(100);
  expect_equal();
}

TEST_F(Repair, TheWireIsCutForAWhile) {
  live(100);
  for (int i = 0; i < 3; ++i) {
    pair_.there_.cut(i != 1);
    pair_.back_.cut(i != 0);
    live(2000);
    EXPECT_FALSE(pair_.active_->sender_->is_synced(pair_.now_));
    pair_.there_.cut(false);
    pair_.back_.cut(false);
    expect_equal();
  }
  EXPECT_EQ(pair_.active_->sender_->counters().sessions, 1U);  // gaps were enough
  EXPECT_GT(pair_.active_->sender_->counters().gaps, 0U);
}

TEST_F(Repair, ADifferenceIsFoundUnderLoadAndOnlyItsBucketIsWalked) {
  live(300);
  expect_equal();
  const auto walks = pair_.active_->sender_->counters().walks;
  auto& worker = pair_.standby_->worker(0);
  bool is_done = false;
  (void)worker.rig.flows_.scan(1, 4000, [&](lb::Flow& flow) {
    if (flow.counted == 0 || is_done) return true;
    is_done = true;
    worker.rig.pipeline_.end_flow(flow, worker.rig.snapshot_);
    return true;
  });
  ASSERT_TRUE(is_done);
  const auto& counters = pair_.standby_->receiver_->counters();
  for (int i = 0; i < 60'000 && counters.buckets_differed == 0; ++i) {
    clients_.act();
    pair_.turn();
    if (i % 64 == 0) pair_.active_->sweep(pair_.tick(), 64);
  }
  EXPECT_EQ(counters.buckets_differed, 1U);
  expect_equal();
  EXPECT_EQ(pair_.active_->sender_->counters().walks, walks + 1);
}

TEST_F(Repair, AFlowThatThePeerHasTooManyIsEnded) {
  live(100);
  expect_equal();
  auto& worker = pair_.standby_->worker(0);
  lb::Flow flow{};
  (void)worker.rig.flows_.scan(1, 4000, [&](lb::Flow& other) {
    flow = other;
    return flow.is_nat == 0;
  });
  ASSERT_NE(flow.is_nat, 0);
  flow.client = lb::ip("192.0.2.77");
  flow.client_hash ^= 0x12345;
  flow.server_hash ^= 0x12345;
  flow.counted = 0;
  ASSERT_NE(worker.rig.pipeline_.adopt(flow, worker.rig.snapshot_), nullptr);
  EXPECT_NE(pair_.standby_->plain_flows(), pair_.active_->plain_flows());
  compare_digests();
  expect_equal();
}

TEST_F(Repair, NothingDiffersWhereNothingDoes) {
  for (int i = 0; i < 14'000; ++i) {
    if (i % 4 == 0) clients_.act();
    pair_.turn();
    if (i % 64 == 0) pair_.active_->sweep(pair_.tick(), 64);
  }
  const auto& counters = pair_.standby_->receiver_->counters();
  EXPECT_GE(counters.rounds, 2U);
  EXPECT_EQ(counters.buckets_differed, 0U);
  EXPECT_EQ(pair_.active_->sender_->counters().walks, 1U);
  expect_equal();
}

TEST_F(Repair, AServerThatThePeerDoesNotKnowYet) {
  pair_.standby_->reconfigure([](lb::Snapshot& s) { s.servers[0].incarnation = 0; });
  live(300);
  ASSERT_TRUE(pair_.settle());
  const auto ours = pair_.active_->plain_flows();
  const auto theirs = pair_.standby_->plain_flows();
  EXPECT_LT(theirs.size(), ours.size());
  for (const auto& [key, value] : theirs) EXPECT_EQ(ours.at(key), value);
  EXPECT_EQ(lost(), 0U);
  compare_digests();  // what waits is no difference
  EXPECT_EQ(pair_.standby_->receiver_->counters().buckets_differed, 0U);
  pair_.standby_->reconfigure([](lb::Snapshot& s) { s.servers[0].incarnation = 3; });
  expect_equal();
  EXPECT_EQ(pair_.active_->sender_->counters().walks, 1U);
}

TEST_F(Repair, AServiceThatThePeerDoesNotKnowYet) {
  pair_.standby_->reconfigure([](lb::Snapshot& s) { s.services[0].incarnation = 0; });
  live(300);
  ASSERT_TRUE(pair_.settle());
  EXPECT_NE(pair_.standby_->plain_flows(), pair_.active_->plain_flows());
  pair_.standby_->reconfigure([](lb::Snapshot& s) { s.services[0].incarnation = 3; });
  expect_equal();
}

TEST_F(Repair, TooManyWaitAndAreToldAgain) {
  pair_.standby_->reconfigure([](lb::Snapshot& s) {
    for (lb::Server& server : s.servers) server.incarnation = 0;
  });
  for (int i = 0; i < 1500; ++i) {
    clients_.open_whole(kNatV4);
    if (i % 5 == 0) pair_.turn();
  }
  ASSERT_TRUE(pair_.settle());
  EXPECT_GT(lost(), 0U);
  EXPECT_EQ(pair_.standby_->size(), 0U);
  pair_.standby_->reconfigure([](lb::Snapshot& s) {
    for (lb::Server& server : s.servers) server.incarnation = 3;
  });
  compare_digests();
  expect_equal();
}

// As a data plane does that was just started: its flows come sooner than its configuration.
TEST_F(Repair, APeerWithoutConfigurationTakesNothingAndLosesNothing) {
  pair_.standby_->reconfigure([](lb::Snapshot& s) {
    for (lb::Service& service : s.services) service.incarnation = 0;
  });
  for (int i = 0; i < 1500; ++i) {
    clients_.open_whole(kNatV4);
    if (i % 5 == 0) pair_.turn();
  }
  EXPECT_EQ(pair_.standby_->size(), 0U);
  pair_.standby_->reconfigure([](lb::Snapshot& s) {
    for (lb::Service& service : s.services) service.incarnation = 3;
  });
  expect_equal();
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Repair, AWorkerThatSleepsHoldsUpNoRoundForever) {
  live(100);
  expect_equal();
  // Worker 1 never sees what it is ordered.
  auto& active = *pair_.active_;
  pair_.now_ += std::chrono::seconds(2);
  const auto& counters = pair_.standby_->receiver_->counters();
  const auto before = counters.rounds_given_up;
  auto& idle = active.worker(1);
  OutLane& lane = idle.out;
  for (int i = 0; i < 1000; ++i) {
    pair_.turn();
    while (lane.orders.front() != nullptr) lane.orders.pop();
    clients_.act();
  }
  EXPECT_EQ(counters.rounds_given_up, before + 1);
  expect_equal();
}

// Nobody has claimed them yet, so nobody else knows them.
TEST_F(Repair, ALeaseThatLapsesTakesNothingFromThePeer) {
  for (int i = 0; i < 500; ++i) {
    clients_.open_whole(kNatV4);
    if (i % 5 == 0) pair_.turn();
  }
  expect_equal();
  pair_.active_->set_duty(FlowDuty::kReceive);
  pair_.turn(8000);  // two rounds of digests
  EXPECT_EQ(pair_.standby_->plain_flows().size(), 500U);
  EXPECT_TRUE(pair_.standby_->receiver_->is_whole());
  EXPECT_EQ(pair_.standby_->receiver_->counters().buckets_differed, 0U);
}

TEST_F(Repair, AWalkThatIsOrderedOfAUnitWithoutLeaseMeansNothing) {
  for (int i = 0; i < 100; ++i) clients_.open_whole(kNatV4);
  expect_equal();
  pair_.active_->set_duty(FlowDuty::kReceive);
  const auto walks = pair_.active_->sender_->counters().walks;
  pair_.active_->worker(0).out.gaps.add(lb::BucketSet::all());
  ASSERT_TRUE(pair_.settle());
  EXPECT_GT(pair_.active_->sender_->counters().walks, walks);
  EXPECT_EQ(pair_.standby_->plain_flows().size(), 100U);
}

TEST_F(Repair, ALeaseOfOneGroupTakesNothingOfAnother) {
  for (int i = 0; i < 100; ++i) {
    clients_.open_whole(kNatV4);
    clients_.open_whole(lb::kNatV6);
  }
  expect_equal();
  auto& active = *pair_.active_;
  lb::FlowDuties duties;
  duties.fill(FlowDuty::kSend);
  const auto& services = active.worker(0).rig.snapshot_.services;
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (services[i].address == lb::ip(kNatV4)) duties[i] = FlowDuty::kReceive;
  }
  for (std::size_t i = 0; i < active.workers(); ++i) active.worker(i).exporter.set_duties(duties);
  pair_.turn(8000);
  EXPECT_EQ(pair_.standby_->plain_flows().size(), 200U);
  EXPECT_TRUE(pair_.standby_->receiver_->is_whole());
}

TEST_F(Repair, DutiesChangeInTheMiddleOfAWalk) {
  for (int i = 0; i < 1500; ++i) {
    clients_.open_whole(kNatV4);
    if (i % 5 == 0) pair_.turn();
  }
  ASSERT_TRUE(pair_.settle());
  auto& active = *pair_.active_;
  active.worker(0).out.gaps.add(lb::BucketSet::all());
  const auto& counters = active.sender_->counters();
  const auto walks = counters.walks;
  while (counters.walks == walks) pair_.turn();
  pair_.turn();  // 512 entries of some 750 flows a worker
  lb::FlowDuties duties;
  duties.fill(FlowDuty::kSend);
  duties.back() = FlowDuty::kNone;
  for (std::size_t i = 0; i < active.workers(); ++i) active.worker(i).exporter.set_duties(duties);
  for (int i = 0; i < 20; ++i) {
    clients_.open_whole(kNatV4);
    pair_.turn(400);
  }
  expect_equal();
  EXPECT_EQ(counters.restarts, 0U);
}

// What goes on besides is no progress of a walk.
TEST_F(Repair, AWalkThatNobodyWalksBeginsAnewUnderLoad) {
  live(100);
  expect_equal();
  auto& active = *pair_.active_;
  const auto walks = active.sender_->counters().walks;
  active.worker(0).out.gaps.add(lb::BucketSet::all());
  while (active.sender_->counters().walks == walks) {
    active.sender_->step(pair_.now_);
  }
  ASSERT_NE(active.worker(1).out.orders.front(), nullptr);
  active.worker(1).out.orders.pop();
  for (int i = 0; i < 80; ++i) {
    live(20);
    pair_.now_ += std::chrono::milliseconds(100);
  }
  EXPECT_GE(active.sender_->counters().restarts, 1U);
  expect_equal();
}

// The peer was told that we have them.
TEST_F(Repair, WhatLiesBeforeAWorkerAsItsUnitTakesOverIsTaken) {
  ASSERT_TRUE(pair_.settle());
  for (int i = 0; i < 200; ++i) clients_.open_whole(kNatV4);
  pair_.turn_unseen(400);
  ASSERT_EQ(pair_.standby_->size(), 0U);
  const OutLane& lane = pair_.active_->worker(0).out;
  ASSERT_EQ(lane.given.load(), lane.confirmed.load());
  pair_.standby_->set_duty(FlowDuty::kSend);
  for (int i = 0; i < 40; ++i) pair_.standby_->turn(pair_.tick());
  EXPECT_EQ(pair_.standby_->plain_flows(), pair_.active_->plain_flows());
}

TEST_F(Repair, WhatComesLongAfterATakeoverIsNotTaken) {
  ASSERT_TRUE(pair_.settle());
  for (int i = 0; i < 200; ++i) clients_.open_whole(kNatV4);
  pair_.turn_unseen(400);
  pair_.standby_->set_duty(FlowDuty::kSend);
  pair_.standby_->turn(pair_.tick(), 512, 0);
  pair_.now_ += std::chrono::seconds(2);
  for (int i = 0; i < 40; ++i) pair_.standby_->turn(pair_.tick());
  EXPECT_EQ(pair_.standby_->size(), 0U);
}

// They were opened while nobody listened, and the other unit has started anew since.
TEST_F(Repair, OwnFlowsThatThePeerDoesNotHaveEnd) {
  for (int i = 0; i < 100; ++i) clients_.open_whole(kNatV4);
  expect_equal();
  pair_.standby_->set_duty(FlowDuty::kSend);
  pair_.active_->set_duty(FlowDuty::kReceive);
  pair_.turn(20);
  Clients others(*pair_.standby_, 6);
  for (int i = 0; i < 700; ++i) others.open_whole(kNatV4);
  pair_.active_ = std::make_unique<Unit>(spec(9));
  clients_ = Clients(*pair_.active_, 7);
  pair_.active_->set_duty(FlowDuty::kSend);
  pair_.standby_->set_duty(FlowDuty::kReceive);
  live(100);
  expect_equal();
  EXPECT_EQ(pair_.standby_->size(), pair_.standby_->plain_flows().size());
}

// Buckets of the peer are not ours then.
TEST_F(Repair, AWalkOfSomeBucketsByAnotherHashKeyTakesNothing) {
  pair_.standby_->reconfigure([](lb::Snapshot& s) {
    s.hash_key = lb::HashKey(std::array<std::uint8_t, 16>{0, 0, 0, 7});
  });
  for (int i = 0; i < 500; ++i) {
    clients_.open_whole(kNatV4);
    if (i % 5 == 0) pair_.turn();
  }
  expect_equal();
  for (std::size_t i = 0; i < lb::kFlowBuckets / 2; ++i) pair_.active_->worker(0).out.gaps.add(i);
  expect_equal();
  compare_digests();
  EXPECT_EQ(pair_.standby_->receiver_->counters().buckets_differed, 0U);
  pair_.active_->worker(0).out.gaps.add(lb::BucketSet::all());
  expect_equal();
}

class SmallRing : public Repair {
 protected:
  static UnitSpec small() {
    UnitSpec s = spec(1);
    s.out_room = 64;
    return s;
  }
  SmallRing() : Repair(small()) {}
};

TEST_F(SmallRing, AFullRingIsAGapAndIsWalked) {
  ASSERT_TRUE(pair_.settle());
  const auto walks = pair_.active_->sender_->counters().walks;
  for (int i = 0; i < 500; ++i) clients_.open_whole(kNatV4);
  pair_.turn(400);
  EXPECT_GT(pair_.active_->sender_->counters().gaps, 0U);
  expect_equal();
  EXPECT_GT(pair_.active_->sender_->counters().walks, walks);
  EXPECT_EQ(pair_.standby_->plain_flows().size(), 500U);
}

TEST_F(Repair, APeerThatIsNotThereCostsNothingButAWalk) {
  pair_.there_.cut(true);
  pair_.back_.cut(true);
  live(2000);
  for (std::size_t i = 0; i < pair_.active_->workers(); ++i) {
    EXPECT_LT(pair_.active_->worker(i).out.records.size(), 2000U);
  }
  pair_.there_.cut(false);
  pair_.back_.cut(false);
  expect_equal();
}

TEST_F(Repair, FlowsThatNobodyAskedForAreNotTaken) {
  pair_.standby_->set_duty(FlowDuty::kNone);
  live(300);
  pair_.turn(2000);
  EXPECT_EQ(pair_.standby_->size(), 0U);
  EXPECT_GT(pair_.standby_->worker(0).adopter.counters().unwanted.value(), 0U);
}

TEST_F(Repair, WhatNeedsToBeSentBeforeAPacketLeavesCanBeTold) {
  ASSERT_TRUE(pair_.settle());
  clients_.open_whole(kNatV4);
  std::uint64_t given = 0, confirmed = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    given += pair_.active_->worker(i).out.given.load();
    confirmed += pair_.active_->worker(i).out.confirmed.load();
  }
  EXPECT_GT(given, confirmed);
  ASSERT_TRUE(pair_.settle());
  for (std::size_t i = 0; i < 2; ++i) {
    const OutLane& lane = pair_.active_->worker(i).out;
    EXPECT_EQ(lane.given.load(), lane.confirmed.load());
  }
}

TEST_F(Repair, ServersStatesGoWithTheFirstStream) {
  ASSERT_TRUE(pair_.settle());
  ServerRecord server;
  server.state = 2;
  server.port = net::Be16::from_host(80);
  server.address = lb::ip("10.0.0.1");
  server.pool = {'w', 'e', 'b'};
  ASSERT_TRUE(pair_.active_->sender_->tell(server));
  ServerRecord nonsense = server;
  nonsense.state = 9;
  ASSERT_TRUE(pair_.active_->sender_->tell(nonsense));
  ASSERT_TRUE(pair_.settle());
  pair_.turn(100);
  const Record* record = pair_.standby_->servers_.front();
  ASSERT_NE(record, nullptr);
  const auto told = record->as<ServerRecord>();
  EXPECT_EQ(told.address, server.address);
  EXPECT_EQ(told.pool, server.pool);
  EXPECT_EQ(told.state, 2);
  EXPECT_EQ(pair_.standby_->servers_.size(), 1U);
}

}  // namespace
}  // namespace yoke::sync
