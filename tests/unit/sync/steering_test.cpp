// SPDX-License-Identifier: Apache-2.0
// A peer with other workers than ours: whichever of them a packet reaches, the flow is found.
#include <gtest/gtest.h>

#include <tuple>

#include "tests/unit/sync/pair.h"

namespace yoke::sync {
namespace {

using lb::Action;
using lb::kTcpAck;
using lb::kTcpFin;
using lb::kTcpSyn;

UnitSpec of_workers(std::uint8_t workers, std::uint64_t seed) {
  UnitSpec spec;
  spec.workers = workers;
  spec.seed = seed;
  spec.has_other_slots = seed == 2;
  return spec;
}

// Workers of ours and of the peer, and the protocol.
class Steering : public ::testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  struct Talk {
    test::PacketSpec client, server;
    net::ParsedPacket sent;  // as the server saw it
  };

  Steering()
      : pair_(of_workers(static_cast<std::uint8_t>(std::get<0>(GetParam())), 1),
              of_workers(static_cast<std::uint8_t>(std::get<1>(GetParam())), 2), {}, 1) {}
  Talk open(Unit& unit, const char* vip, std::uint16_t port) {
    Talk talk;
    const int protocol = std::get<2>(GetParam());
    talk.client = lb::to_vip(vip, static_cast<std::uint8_t>(protocol), port);
    talk.client.tcp_flags = kTcpSyn;
    const auto syn = unit.send(port % unit.workers(), talk.client, 0);
    EXPECT_EQ(syn.verdict.action, Action::kForward);
    talk.server = lb::Rig::answer_to(syn, kTcpSyn | kTcpAck);
    talk.sent = syn.parsed();
    EXPECT_EQ(unit.send(0, talk.server, 1).verdict.action, Action::kForward);
    talk.client.tcp_flags = talk.server.tcp_flags = kTcpAck;
    return talk;
  }
  void take_over() {
    ASSERT_TRUE(pair_.settle());
    pair_.active_->set_duty(lb::FlowDuty::kReceive);
    pair_.standby_->set_duty(lb::FlowDuty::kSend);
    pair_.turn(20);
  }
  // Wherever they come in, the server and the client see what they saw before.
  static void expect_it_goes_on(Unit& unit, const Talk& talk) {
    for (std::size_t worker = 0; worker < unit.workers(); ++worker) {
      const auto there = unit.send(worker, talk.client, 0);
      ASSERT_EQ(there.verdict.action, Action::kForward);
      EXPECT_EQ(there.parsed().source_port, talk.sent.source_port);
      EXPECT_EQ(there.parsed().destination, talk.sent.destination);
      const auto back = unit.send(worker, talk.server, 1);
      ASSERT_EQ(back.verdict.action, Action::kForward);
      EXPECT_EQ(back.parsed().destination_port.host(), talk.client.source_port);
    }
  }

  Pair pair_;
};
INSTANTIATE_TEST_SUITE_P(Workers, Steering,
                         ::testing::Values(std::tuple{1, 3, 6}, std::tuple{3, 1, 6},
                                           std::tuple{2, 3, 6}, std::tuple{3, 2, 17},
                                           std::tuple{2, 2, 6}, std::tuple{1, 4, 17}));

TEST_P(Steering, EveryFlowIsFoundFromEveryWorker) {
  std::vector<Talk> talks;
  for (std::uint16_t port = 2000; port < 2060; ++port) {
    talks.push_back(open(*pair_.active_, port % 2 == 0 ? lb::kNatV4 : lb::kNatV6, port));
  }
  take_over();
  for (const Talk& talk : talks) expect_it_goes_on(*pair_.standby_, talk);
}

TEST_P(Steering, NoFlowIsOpenedTwice) {
  const Talk talk = open(*pair_.active_, lb::kNatV4, 2000);
  take_over();
  expect_it_goes_on(*pair_.standby_, talk);
  EXPECT_EQ(pair_.standby_->size(), 1U);
}

TEST_P(Steering, ASynAgainGoesToTheFlowThatThereIs) {
  if (std::get<2>(GetParam()) == 17) return;
  Talk talk = open(*pair_.active_, lb::kNatV4, 2000);
  take_over();
  talk.client.tcp_flags = kTcpSyn;
  expect_it_goes_on(*pair_.standby_, talk);
}

TEST_P(Steering, APortUsedAgainIsFoundToo) {
  if (std::get<2>(GetParam()) == 17) return;
  Talk talk = open(*pair_.active_, lb::kNatV4, 2000);
  take_over();
  Unit& unit = *pair_.standby_;
  talk.client.tcp_flags = talk.server.tcp_flags = kTcpFin | kTcpAck;
  (void)unit.send(0, talk.client, 0);
  (void)unit.send(0, talk.server, 1);
  for (std::size_t worker = 0; worker < unit.workers(); ++worker) {
    talk.client.tcp_flags = kTcpSyn;
    const auto syn = unit.send(worker, talk.client, 0);
    ASSERT_EQ(syn.verdict.action, Action::kForward);
    EXPECT_EQ(unit.size(), 1U);
  }
}

TEST_P(Steering, WhatHasEndedIsNotLookedFor) {
  const Talk talk = open(*pair_.active_, lb::kNatV4, 2000);
  take_over();
  Unit& unit = *pair_.standby_;
  for (std::size_t i = 0; i < unit.workers(); ++i) {
    auto& worker = unit.worker(i);
    worker.rig.now_ += 100'000'000;
    worker.rig.pipeline_.sweep(worker.rig.snapshot_, worker.rig.now_, lb::kEveryGroup, 10'000);
  }
  ASSERT_EQ(unit.size(), 0U);
  if (std::get<2>(GetParam()) == 17) return;
  for (std::size_t i = 0; i < unit.workers(); ++i) {
    EXPECT_EQ(unit.worker(i).rig.send(talk.client, 0).verdict.action, Action::kDrop);
  }
}

class HandedOver : public ::testing::Test {
 protected:
  HandedOver() : unit_(of_workers(2, 1)) { client_.tcp_flags = kTcpSyn; }
  lb::Rig& rig(std::size_t worker) { return unit_.worker(worker).rig; }
  [[nodiscard]] std::uint32_t hash() {
    const auto& s = rig(0).snapshot_;
    const lb::FlowTuple tuple{lb::ip(client_.source), lb::ip(lb::kNatV4),
                              net::Be16::from_host(client_.source_port),
                              net::Be16::from_host(client_.destination_port), net::Protocol::kTcp};
    return static_cast<std::uint32_t>(lb::flow_hash(s.hash_key, tuple));
  }

  Unit unit_;
  test::PacketSpec client_ = lb::to_vip(lb::kNatV4);
};

TEST_F(HandedOver, WhatItOpensIsFoundWhereItCameFrom) {
  ASSERT_EQ(rig(1).send(client_, 0, true).verdict.action, Action::kForward);
  client_.tcp_flags = kTcpAck;
  EXPECT_EQ(unit_.send(0, client_, 0).verdict.action, Action::kForward);
  EXPECT_EQ(rig(0).flows_.size(), 0U);
  EXPECT_EQ(rig(1).flows_.size(), 1U);
}

// Two clients of one hash: the end of one must not hide the other.
TEST_F(HandedOver, ATwinLeavesItsEntry) {
  lb::Flow twin{};
  twin.client = lb::ip("192.0.2.77");
  twin.service_incarnation = rig(1).snapshot_.services[0].incarnation;
  twin.server_incarnation = rig(1).snapshot_.servers[0].incarnation;
  twin.is_tcp = 1;
  twin.state = lb::FlowState::kEstablished;
  twin.client_hash = hash();
  lb::Flow* const adopted = rig(1).pipeline_.adopt(twin, rig(1).snapshot_);
  ASSERT_NE(adopted, nullptr);
  ASSERT_EQ(unit_.send(0, client_, 0).verdict.action, Action::kForward);
  ASSERT_EQ(rig(1).flows_.size(), 2U);
  rig(1).pipeline_.end_flow(*adopted, rig(1).snapshot_);
  client_.tcp_flags = kTcpAck;
  EXPECT_EQ(unit_.send(0, client_, 0).verdict.action, Action::kForward);
  EXPECT_EQ(unit_.size(), 1U);
  (void)rig(1).flows_.scan(1, 4000, [&](lb::Flow& flow) {
    rig(1).pipeline_.end_flow(flow, rig(1).snapshot_);
    return true;
  });
  EXPECT_EQ(unit_.directory_.next(hash(), 0), std::nullopt);
}

}  // namespace
}  // namespace yoke::sync
