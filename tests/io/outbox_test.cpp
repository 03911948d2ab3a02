// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/outbox.h"

#include <gtest/gtest.h>

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
    outbox_ = std::make_unique<Outbox>(std::uint8_t{0}, routes, *handover_, nullptr, counters_,
                                       Outbox::Limits{1000, 1000});
  }
  void decide(const lb::Verdict& verdict) {
    outbox_->add(make_frame(test::make_packet(lb::to_vip(lb::kDsrV4))), verdict, 0);
    outbox_->flush();
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

}  // namespace
}  // namespace yoke::io
