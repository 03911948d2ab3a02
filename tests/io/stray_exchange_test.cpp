// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/stray_exchange.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "dataplane/io/handover.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

rte_mempool* pool() {
  rte_mbuf* frame = make_frame(test::make_packet(lb::to_vip(lb::kDsrV4)));
  rte_mempool* pool = frame->pool;
  rte_pktmbuf_free(frame);
  return pool;
}

sync::Record flow(std::uint16_t snat_port) {
  sync::FlowRecord flow;
  flow.kind = sync::Kind::kUpdate;
  flow.protocol = 6;
  flow.state = sync::wire_state(lb::FlowState::kEstablished);
  flow.flags = sync::FlowRecord::kNat;
  flow.client = flow.vip = flow.snat = flow.server = net::IpAddress::v4(192, 0, 2, 1);
  flow.client_port = flow.vip_port = flow.server_port = net::Be16::from_host(80);
  flow.snat_port = net::Be16::from_host(snat_port);
  return sync::Record::of(flow);
}

// The exchange of a unit with two workers; what it sends on comes back to it.
class StrayExchanges : public ::testing::Test {
 protected:
  StrayExchanges() {
    (void)eal();
    exchange_ = std::move(*StrayExchange::make(*pool(), {&wakes_[0], &wakes_[1]}));
  }
  static Frame frame(std::uint16_t port) {
    Frame made = make_frame(test::make_packet(lb::to_vip(lb::kNatV4)));
    made->port = port;
    return made;
  }
  [[nodiscard]] unsigned carry() {
    unsigned pieces = 0;
    for (auto piece = exchange_->next(); !piece.empty(); piece = exchange_->next()) {
      exchange_->deliver(piece);
      ++pieces;
    }
    return pieces;
  }

  std::array<Wake, 2> wakes_;
  std::unique_ptr<StrayExchange> exchange_;
};

TEST_F(StrayExchanges, AStrayGoesToTheWorkerOfItsFlowWithIt) {
  ASSERT_TRUE(exchange_->give(0, frame(1), flow(2001)));
  ASSERT_TRUE(exchange_->give(1, frame(0), std::nullopt));
  EXPECT_FALSE(exchange_->is_empty());
  EXPECT_EQ(carry(), 2u);
  EXPECT_TRUE(exchange_->is_empty());
  std::array<Frame, 4> frames{};
  ASSERT_EQ(exchange_->take(1, frames), 1u);
  EXPECT_TRUE(Errand::read(frames[0]).is_stray);
  EXPECT_TRUE(Errand::read(frames[0]).is_guided);
  EXPECT_EQ(frames[0]->port, 1);
  const auto brought = StrayExchange::detach(frames[0]);
  ASSERT_TRUE(brought);
  EXPECT_EQ(brought->snat_port.host(), 2001);
  EXPECT_FALSE(StrayExchange::detach(frames[0])) << "once";
  const auto sent = test::make_packet(lb::to_vip(lb::kNatV4));
  ASSERT_EQ(frames[0]->data_len, sent.size());
  EXPECT_EQ(std::memcmp(rte_pktmbuf_mtod(frames[0], void*), sent.data(), sent.size()), 0);
  rte_pktmbuf_free(frames[0]);
  ASSERT_EQ(exchange_->take(0, frames), 1u);
  EXPECT_FALSE(StrayExchange::detach(frames[0]));
  rte_pktmbuf_free(frames[0]);
  EXPECT_EQ(exchange_->counters().sent.value(), 2u);
  EXPECT_EQ(exchange_->counters().taken.value(), 2u);
  EXPECT_EQ(exchange_->counters().lost.value(), 0u);
}

TEST_F(StrayExchanges, WhatThereIsNoRoomForStaysTheGiversAsItWas) {
  for (unsigned i = 0; i + 1 < StrayExchange::kRingFrames; ++i) {
    ASSERT_TRUE(exchange_->give(0, frame(0), std::nullopt));
  }
  const Frame last = frame(0);
  const std::uint16_t octets = last->data_len;
  EXPECT_FALSE(exchange_->give(0, last, flow(2000)));
  EXPECT_EQ(last->data_len, octets);
  rte_pktmbuf_free(last);
  exchange_->drop_all();
  EXPECT_TRUE(exchange_->is_empty());
  EXPECT_EQ(exchange_->counters().lost.value(), StrayExchange::kRingFrames - 1);
}

TEST_F(StrayExchanges, GarbageIsNobodysStray) {
  const std::vector<std::uint8_t> garbage(200, 1);
  exchange_->deliver(garbage);
  std::array<Frame, 1> frames{};
  EXPECT_EQ(exchange_->take(0, frames), 0u);
}

}  // namespace
}  // namespace yoke::io
