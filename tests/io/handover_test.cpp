// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "dataplane/io/packet_engine.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

class TwoWorkers : public ::testing::Test {
 protected:
  void start(const std::vector<PortConfig>& ports) {
    auto config = engine_config(ports);
    const auto cores = usable_cores();
    config.cores = {cores.front(), cores.back()};
    auto started = PacketEngine::start(config, eal());
    ASSERT_TRUE(started) << started.error().text;
    engine_ = std::move(*started);
    engine_->publish(rig_snapshot());
  }
  [[nodiscard]] Totals of(std::size_t worker) const {
    return totals(*engine_->worker_counters()[worker]);
  }
  std::unique_ptr<PacketEngine> engine_;
};

TEST_F(TwoWorkers, AnAnswerThatReachesTheWrongOneIsHandedToTheOwnerOfItsFlow) {
  RingPort wan("wan", 2, 2);
  RingPort lan("lan", 2, 2);
  start({wan.config(), lan.config()});
  constexpr unsigned kFlows = 200;
  for (unsigned i = 0; i < kFlows; ++i) {
    const auto port = static_cast<std::uint16_t>(20000 + i);
    ASSERT_TRUE(wan.send(test::make_packet(lb::to_vip(lb::kNatV4, 17, port)), 1));
  }
  std::vector<test::Frame> asked;
  ASSERT_TRUE(eventually([&] {
    for (auto& frame : lan.receive()) asked.push_back(frame);
    return asked.size() == kFlows;
  }));
  for (const auto& frame : asked) {
    const auto answer = lb::Rig::answer_to({{}, frame}, 0);
    ASSERT_TRUE(lan.send(test::make_packet(answer), 0));
  }
  std::size_t answered = 0;
  ASSERT_TRUE(eventually([&] {
    for (const auto& frame : wan.receive()) answered += test::checksums_hold(frame) ? 1u : 0u;
    return answered == kFlows;
  }));
  ASSERT_TRUE(all_counted(*engine_));
  EXPECT_EQ(of(0).handed_over, kFlows);
  EXPECT_EQ(of(1).taken_over, kFlows);
  EXPECT_EQ(of(1).tx, 2 * kFlows);
  engine_.reset();
}

TEST_F(TwoWorkers, AWorkerWithoutAQueueOfThePortSendsThroughOneWhoHas) {
  RingPort wan("wan", 2, 1);
  RingPort lan("lan", 1, 1);
  start({wan.config(), lan.config()});
  constexpr unsigned kFrames = 300;
  for (unsigned i = 0; i < kFrames; ++i) {
    const auto port = static_cast<std::uint16_t>(20000 + i);
    ASSERT_TRUE(wan.send(test::make_packet(lb::to_vip(lb::kDsrV4, 17, port)), 1));
  }
  ASSERT_TRUE(wan.send(test::make_arp_request(lb::to_vip(lb::kDsrV4)), 1));
  ASSERT_TRUE(eventually([&] { return of(0).tx == kFrames && of(0).replied == 1; }));
  EXPECT_EQ(lan.receive().size(), kFrames);
  EXPECT_EQ(wan.receive().size(), 1u);
  ASSERT_TRUE(all_counted(*engine_));
  EXPECT_EQ(of(1).handed_over, kFrames + 1);
  EXPECT_EQ(of(1).tx, 0u);
  engine_.reset();
}

TEST_F(TwoWorkers, TheirSumsHoldWhenMoreIsHandedOverThanFits) {
  RingPort wan("wan", 2, 1);
  RingPort lan("lan", 2, 1);
  start({wan.config(), lan.config()});
  std::mt19937 random(11);
  constexpr unsigned kFrames = 20'000;
  unsigned sent = 0;
  for (unsigned i = 0; i < kFrames; ++i) {
    const auto port = static_cast<std::uint16_t>(1024 + random() % 60000);
    // To a service, and to a port of the VIP that could be a SNAT port of either worker.
    auto spec = lb::to_vip(lb::kNatV4, 17, port);
    if (random() % 2 == 0) spec.destination_port = port;
    sent += (i % 3 == 0 ? lan : wan).send(test::make_packet(spec), random() % 2) ? 1u : 0u;
    if (i % 512 == 0) (void)lan.receive(), (void)wan.receive();
  }
  ASSERT_TRUE(eventually([&] {
    const auto all = totals(*engine_);
    return all.rx == sent && all.in() == all.out() && all.taken_over == all.handed_over;
  }));
  EXPECT_GT(totals(*engine_).handed_over, 0u);
  EXPECT_TRUE(all_counted(*engine_));
  engine_.reset();
}

}  // namespace
}  // namespace yoke::io
