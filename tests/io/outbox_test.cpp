// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/outbox.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

// The outbox of worker 0 of two, alone: nobody takes what it hands over.
class OutboxOfTwo : public ::testing::Test {
 protected:
  OutboxOfTwo() {
    (void)eal();
    handover_ = std::move(*Handover::make(2));
    const std::vector<TxRoute> routes{{0, 0, 1}};  // worker 1 has the only port's queue
    outbox_ = std::make_unique<Outbox>(std::uint8_t{0}, routes, *handover_, nullptr,
                                       LeaseGate(leases_), counters_, Outbox::Limits{1000, 1000});
  }
  void decide(const lb::Verdict& verdict) {
    outbox_->add(make_frame(test::make_packet(lb::to_vip(lb::kDsrV4))), verdict, 0);
    outbox_->flush(lb::Snapshot{});
  }
  [[nodiscard]] std::uint64_t dropped(net::Drop reason) const {
    return counters_.drops[static_cast<std::size_t>(reason)].value();
  }
  static lb::Verdict verdict(lb::Action action, std::uint8_t worker = 0, std::uint8_t port = 0) {
    lb::Verdict v;
    v.action = action;
    v.worker = worker;
    v.port = port;
    return v;
  }

  api::LeasePage leases_;
  lb::WorkerCounters counters_;
  std::unique_ptr<Handover> handover_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxOfTwo, WhatTheOtherHasNoRoomForIsDroppedAndCounted) {
  constexpr unsigned kFrames = 600;
  constexpr unsigned kRoom = Handover::kRingFrames - 1;
  for (unsigned i = 0; i < kFrames; ++i) decide(verdict(lb::Action::kHandOver, 1));
  EXPECT_EQ(counters_.handed_over.value(), kRoom);
  EXPECT_EQ(dropped(net::Drop::kHandoverFull), kFrames - kRoom);
}

TEST_F(OutboxOfTwo, AFrameForAPortOfTheOtherCarriesItsErrand) {
  decide(verdict(lb::Action::kForward));
  decide(verdict(lb::Action::kReply));
  decide(verdict(lb::Action::kHandOver, 1));
  std::array<Frame, 4> frames{};
  ASSERT_EQ(handover_->take(0, 1, frames), 3u);
  EXPECT_TRUE(Errand::read(frames[0]).decided);
  EXPECT_FALSE(Errand::read(frames[0]).is_reply);
  EXPECT_TRUE(Errand::read(frames[1]).decided);
  EXPECT_TRUE(Errand::read(frames[1]).is_reply);
  EXPECT_FALSE(Errand::read(frames[2]).decided);
  rte_pktmbuf_free_bulk(frames.data(), 3);
  EXPECT_EQ(counters_.handed_over.value(), 3u);
  EXPECT_EQ(counters_.tx.value() + counters_.replied.value(), 0u);
}

TEST_F(OutboxOfTwo, WhereThereIsNoSuchPortOrWorkerOrKernelFramesAreDropped) {
  decide(verdict(lb::Action::kForward, 0, 7));
  EXPECT_EQ(dropped(net::Drop::kTxFull), 1u);
  decide(verdict(lb::Action::kHandOver, 0));
  decide(verdict(lb::Action::kHandOver, 2));
  EXPECT_EQ(dropped(net::Drop::kHandoverFull), 2u);
  decide(verdict(lb::Action::kPunt));
  EXPECT_EQ(dropped(net::Drop::kPuntFull), 1u);
  EXPECT_EQ(counters_.handed_over.value(), 0u);
}

// One worker and its port; the group of slot 3 is held, that of slot 0 stands.
class OutboxUnderALease : public ::testing::Test {
 protected:
  static constexpr std::uint8_t kBlue = 3;
  OutboxUnderALease() {
    handover_ = std::move(*Handover::make(1));
    route_ = {port_id(), 0, 0, 8};
    outbox_ = std::make_unique<Outbox>(std::uint8_t{0}, std::vector{route_}, *handover_, nullptr,
                                       LeaseGate(*leases_), counters_, Outbox::Limits{1000, 1000});
    snapshot_.standing = lb::group_bit(0);
    snapshot_.held = {{kBlue, line_, api::group_identity("blue")}};
  }
  [[nodiscard]] std::uint16_t port_id() {
    std::uint16_t id = 0;
    EXPECT_EQ(rte_eth_dev_get_port_by_name("net_ring_leased", &id), 0);
    rte_eth_conf none{};
    EXPECT_EQ(rte_eth_dev_configure(id, 1, 1, &none), 0);
    EXPECT_EQ(rte_eth_rx_queue_setup(id, 0, 64, 0, nullptr, pool()), 0);
    EXPECT_EQ(rte_eth_tx_queue_setup(id, 0, 64, 0, nullptr), 0);
    EXPECT_EQ(rte_eth_dev_start(id), 0);
    return id;
  }
  static rte_mempool* pool() {
    rte_mbuf* frame = make_frame(test::make_packet(lb::to_vip(lb::kDsrV4)));
    rte_mempool* pool = frame->pool;
    rte_pktmbuf_free(frame);
    return pool;
  }
  void add(lb::Action action, std::uint8_t group) {
    lb::Verdict verdict;
    verdict.action = action;
    verdict.group = group;
    outbox_->add(make_frame(test::make_packet(lb::to_vip(lb::kDsrV4))), verdict, 0);
  }
  // Two of the group, one of another and an answer of the group.
  void add_some() {
    add(lb::Action::kForward, kBlue);
    add(lb::Action::kForward, 0);
    add(lb::Action::kReply, kBlue);
    add(lb::Action::kForward, kBlue);
  }
  [[nodiscard]] std::uint64_t dropped() const {
    return counters_.drops[static_cast<std::size_t>(net::Drop::kNoLease)].value();
  }
  void grant(std::chrono::milliseconds ahead) {
    writer_.grant(line_, 1, api::LeaseClock::now() + ahead);
  }

  RingPort port_{"leased", 1, 1};
  TxRoute route_;
  std::unique_ptr<api::LeasePage> leases_ = std::make_unique<api::LeasePage>();
  api::LeaseWriter writer_{*leases_, "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10"};
  std::uint8_t line_ = *writer_.claim("blue");
  lb::Snapshot snapshot_;
  lb::WorkerCounters counters_;
  std::unique_ptr<Handover> handover_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxUnderALease, WhatWasDecidedUnderItLeavesWhileItHolds) {
  grant(std::chrono::seconds(4));
  add_some();
  outbox_->flush(snapshot_);
  EXPECT_EQ(port_.receive().size(), 4u);
  EXPECT_EQ(counters_.tx.value(), 3u);
  EXPECT_EQ(counters_.replied.value(), 1u);
  EXPECT_EQ(dropped(), 0u);
}

TEST_F(OutboxUnderALease, WhatHasWaitedPastItsEndDoesNotLeave) {
  grant(std::chrono::milliseconds(5));
  add_some();
  std::this_thread::sleep_for(std::chrono::milliseconds(6));
  outbox_->flush(snapshot_);
  EXPECT_EQ(port_.receive().size(), 1u) << "that of the other group";
  EXPECT_EQ(counters_.tx.value(), 1u);
  EXPECT_EQ(counters_.replied.value(), 0u);
  EXPECT_EQ(dropped(), 3u);
  grant(std::chrono::seconds(4));
  add_some();
  outbox_->flush(snapshot_);
  EXPECT_EQ(port_.receive().size(), 4u);
}

// A driver that makes a system call may stand still in it: what comes behind is looked at again.
TEST_F(OutboxUnderALease, ALeaseThatEndsWhileThePortTakesFramesIsSeenBeforeTheNextPiece) {
  struct Slow {
    api::LeaseWriter& writer;
    std::uint8_t line;
    std::vector<std::uint16_t> pieces;
  } slow{writer_, line_, {}};
  const auto* callback = rte_eth_add_tx_callback(
      route_.port_id, 0,
      [](std::uint16_t, std::uint16_t, rte_mbuf**, std::uint16_t count, void* user) {
        auto& at = *static_cast<Slow*>(user);
        at.pieces.push_back(count);
        if (at.pieces.size() == 2) at.writer.revoke(at.line);
        return count;
      },
      &slow);
  ASSERT_NE(callback, nullptr);
  grant(std::chrono::seconds(4));
  for (int i = 0; i < 20; ++i) add(i % 3 == 0 ? lb::Action::kReply : lb::Action::kForward, kBlue);
  for (int i = 0; i < 6; ++i) add(lb::Action::kForward, 0);
  outbox_->flush(snapshot_);
  ASSERT_EQ(rte_eth_remove_tx_callback(route_.port_id, 0, callback), 0);
  EXPECT_EQ(slow.pieces, (std::vector<std::uint16_t>{8, 8, 6}));
  EXPECT_EQ(port_.receive().size(), 22u);
  EXPECT_EQ(counters_.replied.value(), 6u);
  EXPECT_EQ(counters_.tx.value(), 16u);
  EXPECT_EQ(dropped(), 4u);
  EXPECT_EQ(outbox_->take_unserved(), lb::group_bit(kBlue));
  EXPECT_EQ(outbox_->take_unserved(), 0u);
}

TEST_F(OutboxUnderALease, WhatAnotherWorkerDecidedIsLookedAtAgain) {
  rte_mbuf* frame = make_frame(test::make_packet(lb::to_vip(lb::kDsrV4)));
  Errand{true, true, 0, kBlue}.write(frame);
  const Errand errand = Errand::read(frame);
  EXPECT_EQ(errand.group, kBlue);
  outbox_->add(frame, errand);
  outbox_->flush(snapshot_);
  EXPECT_TRUE(port_.receive().empty());
  EXPECT_EQ(dropped(), 1u);
}

// The peer waits until this worker has come round; of what another decided it does not know when.
TEST_F(OutboxUnderALease, WhatWasDecidedAsItWasHandedOverLeavesForAMoment) {
  const auto hand_over = [&](std::chrono::milliseconds drained) {
    grant(std::chrono::seconds(4));
    add_some();
    rte_mbuf* frame = make_frame(test::make_packet(lb::to_vip(lb::kDsrV4)));
    outbox_->add(frame, Errand{.decided = true, .group = kBlue});
    const auto now = api::LeaseClock::now();
    writer_.hand_over(line_, now + drained, now + std::chrono::seconds(1));
    outbox_->flush(snapshot_);
  };
  hand_over(std::chrono::seconds(1));
  EXPECT_EQ(port_.receive().size(), 4u) << "all but that of the other worker";
  EXPECT_EQ(dropped(), 1u);
  hand_over(std::chrono::milliseconds(0));
  EXPECT_EQ(port_.receive().size(), 1u) << "that of the other group";
  EXPECT_EQ(dropped(), 5u);
}

TEST_F(OutboxUnderALease, AGroupThatIsNeitherStandingNorHeldIsNotServed) {
  add(lb::Action::kForward, 7);
  outbox_->flush(snapshot_);
  EXPECT_TRUE(port_.receive().empty());
  EXPECT_EQ(dropped(), 1u);
}

TEST(LeaseGate, AnExpiryIsTheFirstMomentWithoutALease) {
  api::LeasePage page;
  api::LeaseWriter writer(page, "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10");
  const auto line = *writer.claim("blue");
  constexpr api::LeaseTime kNow{std::chrono::hours(1)};
  writer.grant(line, 1, kNow + std::chrono::milliseconds(20));
  lb::Snapshot snapshot;
  snapshot.standing = lb::group_bit(0);
  snapshot.held = {{2, line, api::group_identity("blue")}, {5, line, api::group_identity("red")}};
  const LeaseGate gate(page);
  const auto both = lb::group_bit(0) | lb::group_bit(2);
  EXPECT_EQ(gate.served_at(snapshot, kNow), both);
  EXPECT_EQ(gate.served_at(snapshot, kNow + std::chrono::nanoseconds(19'999'999)), both);
  EXPECT_EQ(gate.served_at(snapshot, kNow + std::chrono::milliseconds(20)), lb::group_bit(0));
  EXPECT_EQ(gate.redirected(snapshot), 0u);
  const auto now = api::LeaseClock::now();
  const std::uint64_t before = gate.revocations();
  writer.hand_over(line, now + std::chrono::seconds(1), now + std::chrono::seconds(1));
  EXPECT_EQ(gate.revocations(), before + 1);
  EXPECT_EQ(gate.served(snapshot), lb::group_bit(0));
  EXPECT_EQ(gate.drained(snapshot), both);
  EXPECT_EQ(gate.redirected(snapshot), lb::group_bit(2));
  snapshot.held.clear();
  EXPECT_EQ(gate.served(snapshot), lb::group_bit(0));
}

}  // namespace
}  // namespace yoke::io
