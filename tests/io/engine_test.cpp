// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/packet_engine.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "dataplane/api/lease_writer.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

// Clients behind "wan" (port 0), servers behind "lan" (port 1), one worker between.
class Engine : public ::testing::Test {
 protected:
  void start(const std::function<void(EngineConfig&)>& change = {}) {
    auto config = engine_config({wan_.config(), lan_.config()});
    if (change) change(config);
    auto started = PacketEngine::start(config, eal());
    ASSERT_TRUE(started) << started.error().text;
    engine_ = std::move(*started);
  }
  void start_forwarding() {
    start();
    engine_->publish(rig_snapshot());
  }
  [[nodiscard]] Totals now() const { return totals(*engine_); }
  [[nodiscard]] bool all_received(std::uint64_t count) const {
    return eventually([&] { return now().rx >= count && now().in() == now().out(); });
  }
  // Waits where the port is full.
  static void send(RingPort& port, const test::Frame& frame) {
    ASSERT_TRUE(eventually([&] { return port.send(frame); }));
  }

  RingPort wan_{"wan", 1, 1};
  RingPort lan_{"lan", 1, 1};
  std::unique_ptr<PacketEngine> engine_;
};

TEST_F(Engine, AFrameForAVipLeavesRewrittenByTheServersPort) {
  start_forwarding();
  send(wan_, test::make_packet(lb::to_vip(lb::kNatV4)));
  ASSERT_TRUE(all_received(1));
  const auto sent = lan_.receive();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(test::checksums_hold(sent[0]));
  net::ParsedPacket parsed;
  ASSERT_FALSE(net::parse(sent[0].data(), static_cast<std::uint16_t>(sent[0].size()), parsed));
  EXPECT_EQ(parsed.destination.to_string().substr(0, 7), "10.0.0.");
  EXPECT_EQ(parsed.source.to_string(), lb::kNatV4);
  EXPECT_EQ(now().rx, 1u);
  EXPECT_EQ(now().tx, 1u);
  EXPECT_TRUE(wan_.receive().empty());
}

TEST_F(Engine, AnAnswerMadeHereLeavesByThePortItsQuestionCameBy) {
  start_forwarding();
  auto question = lb::to_vip(lb::kNatV6);
  question.source = "2001:db8:7::7";
  for (const auto& frame : {test::make_arp_request(lb::to_vip(lb::kNatV4)),
                            test::make_neighbor_solicitation(question, false)}) {
    send(wan_, frame);
  }
  ASSERT_TRUE(all_received(2));
  EXPECT_EQ(now().replied, 2u);
  EXPECT_EQ(now().tx, 0u);
  const auto answers = wan_.receive();
  ASSERT_EQ(answers.size(), 2u);
  // An advertisement carries an option that the solicitation had not.
  EXPECT_EQ(answers[1].size(), test::make_neighbor_solicitation(question, false).size() + 8);
  EXPECT_TRUE(test::checksums_hold(answers[1]));
}

TEST_F(Engine, FramesStayInThePortUntilTheFirstSnapshot) {
  start();
  send(wan_, test::make_packet(lb::to_vip(lb::kNatV4)));
  const auto rounds = engine_->worker_rounds(0);
  ASSERT_TRUE(eventually([&] { return engine_->worker_rounds(0) > rounds + 10; }));
  EXPECT_EQ(now().rx, 0u);
  engine_->publish(rig_snapshot());
  ASSERT_TRUE(all_received(1));
  EXPECT_EQ(lan_.receive().size(), 1u);
}

TEST_F(Engine, EveryFrameIsCountedOnceWhateverItHolds) {
  start_forwarding();
  std::mt19937 random(7);
  std::uint64_t sent = 0;
  const auto give = [&](const test::Frame& frame) {
    send(sent % 2 == 0 ? wan_ : lan_, frame);
    ++sent;
    if (sent % 256 == 0) (void)lan_.receive(), (void)wan_.receive();
  };
  for (const char* vip : {lb::kNatV4, lb::kNatV6, lb::kDsrV4, lb::kDsrV6}) {
    const auto whole = test::make_packet(lb::to_vip(vip));
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      give({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    }
    for (int i = 0; i < 2000; ++i) {
      auto frame = whole;
      frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
      frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
      give(frame);
    }
  }
  for (int i = 0; i < 2000; ++i) {
    test::Frame noise(random() % 1515);
    for (auto& octet : noise) octet = static_cast<std::uint8_t>(random());
    give(noise);
  }
  ASSERT_TRUE(all_received(sent));
  EXPECT_EQ(now().rx, sent);
  EXPECT_EQ(now().in(), now().out());
  EXPECT_GT(now().tx, 0u);
  EXPECT_GT(drops(*engine_, net::Drop::kTruncated), 100u);
}

TEST_F(Engine, AFrameInPiecesIsMadeOneWhereItFits) {
  start_forwarding();
  const auto frame = test::make_packet(lb::to_vip(lb::kDsrV4));
  ASSERT_TRUE(wan_.send_in_pieces(frame, {14, 20, static_cast<unsigned>(frame.size()) - 34}));
  ASSERT_TRUE(all_received(1));
  const auto sent = lan_.receive();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].size(), frame.size());
  EXPECT_TRUE(test::checksums_hold(sent[0]));
}

TEST_F(Engine, AFrameTooLongForOneBufferIsTruncated) {
  start_forwarding();
  auto spec = lb::to_vip(lb::kDsrV4);
  spec.payload = 3000;
  const auto frame = test::make_packet(spec);
  ASSERT_TRUE(wan_.send_in_pieces(frame, {2000, static_cast<unsigned>(frame.size()) - 2000}));
  ASSERT_TRUE(all_received(1));
  EXPECT_EQ(drops(*engine_, net::Drop::kTruncated), 1u);
}

TEST_F(Engine, WhatThePortDoesNotTakeIsCountedAsTxFull) {
  start_forwarding();
  constexpr unsigned kFrames = 3000;
  for (unsigned i = 0; i < kFrames; ++i) {
    send(wan_, test::make_packet(lb::to_vip(lb::kDsrV4, 6, static_cast<std::uint16_t>(1024 + i))));
  }
  ASSERT_TRUE(all_received(kFrames));
  const auto sent = lan_.receive().size();
  EXPECT_LT(sent, kFrames);
  EXPECT_EQ(now().tx, sent);
  EXPECT_EQ(drops(*engine_, net::Drop::kTxFull), kFrames - sent);
}

TEST_F(Engine, PuntsAreLimitedInRateAndDroppedWhereThereIsNoKernel) {
  start([](EngineConfig& config) {
    config.punts_per_s = 1;
    config.punt_burst = 10;
  });
  engine_->publish(rig_snapshot());
  for (int i = 0; i < 50; ++i) send(wan_, test::make_arp_request({.destination = "192.0.2.1"}));
  ASSERT_TRUE(all_received(50));
  EXPECT_EQ(now().punted, 0u);
  // Some more may be earned while the test runs.
  EXPECT_GE(drops(*engine_, net::Drop::kPuntFull), 10u);
  EXPECT_GE(drops(*engine_, net::Drop::kPuntLimit), 20u);
  EXPECT_EQ(drops(*engine_, net::Drop::kPuntFull) + drops(*engine_, net::Drop::kPuntLimit), 50u);
}

TEST_F(Engine, AThousandSnapshotSwapsUnderLoadLoseNothing) {
  start_forwarding();
  const auto base = rig_snapshot();
  const auto routing = std::weak_ptr<const lb::Routing>(base->routing);
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> came_out = 0;
  std::uint64_t sent = 0;
  std::thread client([&] {
    while ((!done || came_out < sent) && now().drops == 0) {
      came_out += lan_.receive().size();
      // Never more under way than any queue holds: what is missing at the end was lost by a swap.
      if (done || sent - came_out >= 500) continue;
      const auto port = static_cast<std::uint16_t>(1024 + sent % 3000);
      if (wan_.send(test::make_packet(lb::to_vip(lb::kDsrV4, 17, port)))) ++sent;
    }
  });
  for (std::uint64_t generation = 2; generation <= 1001; ++generation) {
    EXPECT_TRUE(eventually([&] { return came_out >= 10 * generation; }));
    auto next = std::make_unique<lb::Snapshot>(*base);
    next->generation = generation;
    engine_->publish(std::move(next));
    // That of `base` and that of the one that runs are left.
    EXPECT_EQ(routing.use_count(), 2);
    if (HasFailure()) break;
  }
  done = true;
  client.join();
  EXPECT_GE(sent, 10'000u);
  EXPECT_EQ(came_out, sent);
  ASSERT_TRUE(all_counted(*engine_));
  EXPECT_EQ(now().drops, 0u);
  EXPECT_EQ(now().tx, sent);
}

// The VIPs' group is held: they are served while the lease holds, and not a frame longer.
TEST_F(Engine, UnderALeaseVipsAreServedUntilItEnds) {
  const auto page = std::make_unique<api::LeasePage>();
  api::LeaseWriter writer(*page, "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10");
  const auto line = *writer.claim("");
  start([&](EngineConfig& config) { config.leases = page.get(); });
  auto snapshot = rig_snapshot();
  snapshot->standing = 0;
  snapshot->held = {{0, line, api::group_identity("")}};
  engine_->publish(std::move(snapshot));
  const auto send_both = [&] {
    send(wan_, test::make_packet(lb::to_vip(lb::kNatV4)));
    send(wan_, test::make_arp_request(lb::to_vip(lb::kNatV4)));
  };
  send_both();
  ASSERT_TRUE(all_received(2));
  EXPECT_EQ(drops(*engine_, net::Drop::kNoLease), 2u);
  writer.grant(line, 1, api::LeaseClock::now() + std::chrono::seconds(4));
  send_both();
  ASSERT_TRUE(all_received(4));
  EXPECT_EQ(now().tx, 1u);
  EXPECT_EQ(now().replied, 1u);
  writer.grant(line, 1, api::LeaseClock::now() + std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::milliseconds(21));
  send_both();
  ASSERT_TRUE(all_received(6));
  EXPECT_EQ(drops(*engine_, net::Drop::kNoLease), 4u);
  EXPECT_EQ(lan_.receive().size() + wan_.receive().size(), 2u);
}

TEST_F(Engine, ASecondOneAfterTheFirstForwardsAsWell) {
  for (int i = 0; i < 3; ++i) {
    start_forwarding();
    send(wan_, test::make_packet(lb::to_vip(lb::kDsrV4)));
    ASSERT_TRUE(all_received(1));
    EXPECT_EQ(lan_.receive().size(), 1u);
    engine_.reset();
  }
}

TEST_F(Engine, TellsItsPortsAndItsCapacity) {
  start();
  ASSERT_EQ(engine_->ports().size(), 2u);
  EXPECT_EQ(engine_->ports()[0].name, "wan");
  EXPECT_FALSE(engine_->ports()[0].mac.is_zero());
  EXPECT_EQ(engine_->flows_capacity(), 4096u);
  const auto ports = engine_->port_counters();
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[1].name, "lan");
  EXPECT_EQ(ports[1].driver, "net_ring");
  EXPECT_TRUE(ports[1].link_up);
}

TEST_F(Engine, ConfigurationsThatCannotBeAreRefusedWithAReason) {
  const auto refusal = [](const EngineConfig& config) {
    const auto started = PacketEngine::start(config, eal());
    return started ? Error{} : started.error();
  };
  EXPECT_EQ(refusal(engine_config({})).id, "E-322");
  EXPECT_EQ(refusal(engine_config({wan_.config(), wan_.config()})).id, "E-322");
  for (const unsigned mtu : {0u, 1279u, 9217u, 65535u}) {
    auto config = engine_config({wan_.config()});
    config.ports[0].mtu = static_cast<std::uint16_t>(mtu);
    EXPECT_EQ(refusal(config).id, "E-322") << mtu;
  }
  const PortConfig unknown{"wan", {Device::Kind::kVdev, "net_nonesuch0"}, 1500};
  const auto error = refusal(engine_config({unknown}));
  EXPECT_EQ(error.id, "E-327");
  EXPECT_EQ(error.text.find("port wan: device vdev:net_nonesuch0: "), 0u) << error.text;
  const PortConfig absent{"wan", {Device::Kind::kPci, "ffff:ff:1f.7"}, 1500};
  EXPECT_EQ(refusal(engine_config({absent})).id, "E-323");
  auto cores = engine_config({wan_.config()});
  cores.cores = {1023};
  EXPECT_EQ(refusal(cores).id, "E-329");
  auto crowded = engine_config({wan_.config()});
  crowded.flows = 0xfffffff0;
  EXPECT_EQ(refusal(crowded).id, "E-321");
}

std::string refusal_of(const EalConfig& config) {
  const auto started = Eal::start(config);
  return started ? "" : started.error().id;
}

TEST(Environment, StartsOnceAProcess) {
  (void)eal();
  EalConfig config;
  config.huge_pages = HugePages::kNo;
  EXPECT_EQ(refusal_of(config), "E-320");
}

TEST(Environment, RefusesWhatTheMachineDoesNotHave) {
  EalConfig config;
  config.worker_cores = {1023};
  EXPECT_EQ(refusal_of(config), "E-329");
  config.worker_cores = {};
  config.huge_pages = HugePages::kYes;
  config.memory_mib = 1u << 30;
  EXPECT_EQ(refusal_of(config), "E-321");
}

}  // namespace
}  // namespace yoke::io
