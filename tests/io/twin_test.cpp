// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/api/lease_writer.h"
#include "dataplane/io/packet_engine.h"
#include "hal/base/file_descriptor.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

// A port made of rings with a real kernel twin; the unit is 192.0.2.1, a host 192.0.2.9.
class Twin : public ::testing::Test {
 protected:
  void SetUp() override {
    (void)eal();
    if (const auto reason = enter_private_network(); !reason.empty()) GTEST_SKIP() << reason;
    port_ = std::make_unique<RingPort>("wan", 1, 1);
    start({});
  }
  void start(const std::function<void(EngineConfig&)>& change) {
    engine_.reset();
    auto config = engine_config({port_->config()});
    config.kernel_twins = true;
    if (change) change(config);
    auto started = PacketEngine::start(config, eal());
    ASSERT_TRUE(started) << started.error().text;
    engine_ = std::move(*started);
    auto snapshot = rig_snapshot();
    snapshot->ports = {{engine_->ports()[0].mac}, {engine_->ports()[0].mac}};
    engine_->publish(std::move(snapshot));
    run("ip addr add 192.0.2.1/24 dev wan");
    run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev wan");
    (void)port_->receive();
  }
  [[nodiscard]] std::string mac() const { return engine_->ports()[0].mac.to_string(); }
  [[nodiscard]] test::PacketSpec to_unit() const {
    test::PacketSpec spec;
    spec.source = "192.0.2.9";
    spec.destination = "192.0.2.1";
    spec.from_mac = "02:00:00:00:00:09";
    spec.to_mac = mac();
    return spec;
  }
  // The first frame that the port sends of those that `wanted` likes.
  template <typename Wanted>
  test::Frame sent_frame(Wanted&& wanted) {
    test::Frame found;
    EXPECT_TRUE(eventually([&] {
      for (auto& frame : port_->receive()) {
        if (found.empty() && wanted(frame)) found = std::move(frame);
      }
      return !found.empty();
    }));
    return found;
  }

  std::unique_ptr<RingPort> port_;
  std::unique_ptr<PacketEngine> engine_;
};

bool is_arp(const test::Frame& frame) {
  return frame.size() >= 42 && frame[12] == 0x08 && frame[13] == 0x06;
}
bool is_icmp(const test::Frame& frame) {
  return frame.size() >= 35 && frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 1;
}

TEST_F(Twin, HasThePortsNameAndAddressAndIsUp) {
  EXPECT_EQ(engine_->ports()[0].twin_ifindex, ::if_nametoindex("wan"));
  run("ip link show dev wan up | grep -q " + mac());
  run("ip link show dev wan | grep -q 'mtu 1500'");
}

TEST_F(Twin, ThePortAnswersArpAndPingForTheUnitThroughTheKernel) {
  auto question = to_unit();
  question.to_mac = "ff:ff:ff:ff:ff:ff";
  ASSERT_TRUE(port_->send(test::make_arp_request(question)));
  const auto answer = sent_frame(is_arp);
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(answer[21], 2);  // a reply
  ASSERT_TRUE(port_->send(test::make_echo_request(to_unit())));
  const auto pong = sent_frame(is_icmp);
  ASSERT_FALSE(pong.empty());
  EXPECT_EQ(pong[34], 0);  // echo reply
  EXPECT_TRUE(test::checksums_hold(pong));
  ASSERT_TRUE(all_counted(*engine_));
  const auto all = totals(*engine_);
  EXPECT_EQ(all.punted, 2u);
  EXPECT_EQ(all.rx, all.out());
  EXPECT_EQ(all.tx + all.replied, 0u);  // what the kernel sends is counted at its twin
  ASSERT_TRUE(eventually([&] { return engine_->twin_reports()[0].sent >= 2; }));
  EXPECT_GE(engine_->twin_reports()[0].delivered, 2u);
}

TEST_F(Twin, WhatTheKernelSendsLeavesWithItsChecksum) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  ::inet_pton(AF_INET, "192.0.2.9", &to.sin_addr);
  const std::string text = "a question";
  ASSERT_EQ(::sendto(socket.get(), text.data(), text.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to),
            static_cast<ssize_t>(text.size()));
  const auto frame =
      sent_frame([](const test::Frame& f) { return f.size() > 40 && f[12] == 8 && f[23] == 17; });
  ASSERT_FALSE(frame.empty());
  EXPECT_TRUE(test::checksums_hold(frame));
  EXPECT_EQ(std::string(frame.end() - 10, frame.end()), text);
}

// Somebody has given the twin an address that is served under a lease, and its group has none.
TEST_F(Twin, WhatTheKernelSendsFromAHeldAddressLeavesUnderItsLeaseAlone) {
  const auto page = std::make_unique<api::LeasePage>();
  api::LeaseWriter writer(*page, "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10");
  const auto line = *writer.claim("blue");
  start([&](EngineConfig& config) { config.leases = page.get(); });
  auto snapshot = rig_snapshot(2);
  snapshot->ports = {{engine_->ports()[0].mac}, {engine_->ports()[0].mac}};
  snapshot->standing = lb::group_bit(0);
  snapshot->held = {{1, line, api::group_identity("blue")}};
  snapshot->local_addresses =
      lb::AddressTable(snapshot->hash_key, {{lb::ip("192.0.2.77"), std::uint8_t{1}}});
  engine_->publish(std::move(snapshot));
  run("ip addr add 192.0.2.77/24 dev wan");
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  ::inet_pton(AF_INET, "192.0.2.77", &from.sin_addr);
  ::inet_pton(AF_INET, "192.0.2.9", &to.sin_addr);
  to.sin_port = htons(53);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  const auto send = [&] {
    (void)::sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  };
  const auto is_from_it = [](const test::Frame& frame) {
    return frame.size() > 30 && frame[12] == 8 && frame[13] == 0 && frame[29] == 77;
  };
  send();
  ASSERT_TRUE(eventually([&] { return engine_->twin_reports()[0].unserved > 0; }));
  for (const auto& frame : port_->receive()) EXPECT_FALSE(is_from_it(frame));
  writer.grant(line, 1, api::LeaseClock::now() + std::chrono::seconds(4));
  send();
  EXPECT_FALSE(sent_frame(is_from_it).empty());
}

TEST_F(Twin, WhatTheKernelDoesNotTakeIsCounted) {
  run("ip link set wan down");
  ASSERT_TRUE(port_->send(test::make_echo_request(to_unit())));
  ASSERT_TRUE(eventually([&] { return engine_->twin_reports()[0].refused == 1; }));
  ASSERT_TRUE(all_counted(*engine_));
  EXPECT_EQ(totals(*engine_).punted, 1u);
}

TEST_F(Twin, AFloodToTheKernelIsCutToItsRate) {
  start([](EngineConfig& config) {
    config.punts_per_s = 10;
    config.punt_burst = 50;
  });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(eventually([&] { return port_->send(test::make_echo_request(to_unit())); }));
    (void)port_->receive();
  }
  ASSERT_TRUE(eventually([&] { return totals(*engine_).out() == 1000; }));
  EXPECT_GE(drops(*engine_, net::Drop::kPuntLimit), 900u);
  EXPECT_LT(totals(*engine_).punted, 100u);
}

TEST_F(Twin, DeletedUnderItsFeetEndsNothingElse) {
  run("ip link del wan");
  auto spec = lb::to_vip(lb::kDsrV4);
  spec.to_mac = mac();
  auto snapshot = rig_snapshot();
  for (auto& server : snapshot->servers) server.hop.port = 0;
  snapshot->ports = {{engine_->ports()[0].mac}, {engine_->ports()[0].mac}};
  engine_->publish(std::move(snapshot));
  ASSERT_TRUE(port_->send(test::make_packet(spec)));
  EXPECT_TRUE(eventually([&] { return totals(*engine_).tx == 1; }));
}

TEST_F(Twin, GoesWithTheEngine) {
  engine_.reset();
  EXPECT_EQ(::if_nametoindex("wan"), 0u);
}

TEST_F(Twin, ANameThatIsTakenIsRefused) {
  engine_.reset();
  run("ip tuntap add wan mode tap");
  auto config = engine_config({port_->config()});
  config.kernel_twins = true;
  const auto started = PacketEngine::start(config, eal());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().id, "E-324");
  EXPECT_EQ(started.error().text.find("kernel twin wan: an interface of this name exists"), 0u);
}

}  // namespace
}  // namespace yoke::io
