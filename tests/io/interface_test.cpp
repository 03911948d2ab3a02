// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/interface.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "dataplane/io/errors.h"
#include "dataplane/io/packet_engine.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

constexpr std::uint16_t kAllFrames = 0x0003;  // ETH_P_ALL

// The far end of a veth pair, as a host would have it.
class Cable {
 public:
  explicit Cable(const std::string& interface)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(kAllFrames))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(kAllFrames);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    const int yes = 1;
    EXPECT_EQ(::setsockopt(socket_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes), 0);
  }
  void send(const test::Frame& frame) {
    EXPECT_EQ(::send(socket_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }
  // Frames that came from outside; not those that this end sent.
  std::vector<test::Frame> receive() {
    std::vector<test::Frame> list;
    for (;;) {
      test::Frame frame(2048);
      const auto size = ::recv(socket_.get(), frame.data(), frame.size(), 0);
      if (size < 0) return list;
      frame.resize(static_cast<std::size_t>(size));
      list.push_back(std::move(frame));
    }
  }
  // As above, once `list` holds `count` of them.
  void receive_until(std::vector<test::Frame>& list, std::size_t count) {
    ASSERT_TRUE(eventually([&] {
      for (auto& frame : receive()) list.push_back(std::move(frame));
      return list.size() >= count;
    })) << list.size()
        << " of " << count;
  }

 private:
  FileDescriptor socket_;
};

class Veth : public ::testing::TestWithParam<Device::Kind> {
 protected:
  void SetUp() override {
    (void)eal();
    if (const auto reason = enter_private_network(); !reason.empty()) GTEST_SKIP() << reason;
    for (const std::string end : {"0", "1"}) {
      run("ip link add y" + end + " numtxqueues 1 numrxqueues 1 type veth peer name h" + end +
          " numtxqueues 1 numrxqueues 1");
      // No IPv6 address, so that the kernel says nothing of its own.
      for (const std::string& side : {"y" + end, "h" + end}) {
        run("ip link set " + side + " addrgenmode none && ip link set " + side + " up");
      }
      run("ethtool -K h" + end + " tx off >/dev/null");
    }
  }
  [[nodiscard]] PortConfig port(const std::string& name, const std::string& interface) const {
    return {name, {GetParam(), interface}, 1500};
  }
  [[nodiscard]] EngineConfig config() const {
    return engine_config({port("wan", "y0"), port("lan", "y1")});
  }
  static Error refusal(const EngineConfig& config) {
    const auto started = PacketEngine::start(config, eal());
    return started ? Error{} : started.error();
  }
};

// The snapshot of the rig, for frames that are addressed to these ports.
std::unique_ptr<lb::Snapshot> snapshot_for(const PacketEngine& engine) {
  auto snapshot = rig_snapshot();
  for (std::size_t i = 0; i < engine.ports().size(); ++i) {
    snapshot->ports[i].mac = engine.ports()[i].mac;
  }
  return snapshot;
}

std::uint16_t destination_port(const test::Frame& frame) {
  net::ParsedPacket parsed;
  EXPECT_FALSE(net::parse(frame.data(), static_cast<std::uint16_t>(frame.size()), parsed));
  return parsed.destination_port.host();
}

TEST_P(Veth, PacketsGoThroughBothWaysInOrder) {
  auto started = PacketEngine::start(config(), eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  Cable client("h0");
  Cable server("h1");
  constexpr unsigned kFrames = 500;
  constexpr unsigned kAtOnce = 50;  // which any socket holds
  constexpr std::uint16_t kFirstPort = 20000;
  std::vector<test::Frame> asked;
  std::vector<test::Frame> answered;
  while (asked.size() < kFrames) {
    for (unsigned i = 0; i < kAtOnce; ++i) {
      const auto port = static_cast<std::uint16_t>(kFirstPort + asked.size() + i);
      auto spec = lb::to_vip(lb::kNatV4, 17, port);
      spec.to_mac = engine->ports()[0].mac.to_string();
      client.send(test::make_packet(spec));
    }
    server.receive_until(asked, asked.size() + kAtOnce);
    if (HasFatalFailure()) return;
  }
  while (answered.size() < kFrames) {
    for (unsigned i = 0; i < kAtOnce; ++i) {
      const auto& frame = asked.at(answered.size() + i);
      ASSERT_TRUE(test::checksums_hold(frame));
      auto answer = lb::Rig::answer_to({{}, frame}, 0);
      answer.to_mac = engine->ports()[1].mac.to_string();
      server.send(test::make_packet(answer));
    }
    client.receive_until(answered, answered.size() + kAtOnce);
    if (HasFatalFailure()) return;
  }
  for (unsigned i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(test::checksums_hold(answered[i]));
    ASSERT_EQ(destination_port(answered[i]), kFirstPort + i);
  }
  ASSERT_TRUE(all_counted(*engine));
  EXPECT_EQ(totals(*engine).tx, 2 * kFrames);
}

// Frames made here, not echoed, take buffers from anywhere in the pool: those that a driver was not
// told of would be lost without a trace.
TEST_P(Veth, EveryBufferOfThePoolReachesTheWire) {
  auto with_twins = config();
  with_twins.kernel_twins = true;
  auto started = PacketEngine::start(with_twins, eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  Cable kernel("wan");  // sends as the kernel does
  Cable host("h0");
  const auto ours = test::make_arp_request({.from_mac = "02:00:00:00:00:55"});
  constexpr unsigned kFrames = 20'000;  // more than the pool has
  std::size_t arrived = 0;
  for (unsigned i = 0; i < kFrames; ++i) {
    kernel.send(ours);
    if (i % 100 != 99) continue;
    ASSERT_TRUE(eventually([&] {
      for (const auto& frame : host.receive()) {  // the kernel has something to say as well
        if (std::ranges::equal(frame, ours)) ++arrived;
      }
      return arrived == i + 1;
    })) << arrived
        << " of " << i + 1;
  }
  EXPECT_GE(engine->twin_reports()[0].sent, kFrames);
}

TEST_P(Veth, AnIdleWorkerSleepsOnTheDescriptorAndWakesForAFrame) {
  auto started = PacketEngine::start(config(), eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  // Two rounds each 10 ms; without a descriptor it would be two each millisecond.
  EXPECT_LT(rounds_per_ms(*engine), 0.6);

  Cable client("h0");
  auto spec = lb::to_vip(lb::kDsrV4, 17);
  spec.to_mac = engine->ports()[0].mac.to_string();
  client.send(test::make_packet(spec));
  EXPECT_TRUE(eventually([&] { return totals(*engine).tx == 1; }));
}

TEST_P(Veth, ForwardsAgainAfterTheCableWasOut) {
  auto started = PacketEngine::start(config(), eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  run("ip link set y0 down");
  EXPECT_FALSE(engine->port_counters()[0].link_up);
  EXPECT_LT(rounds_per_ms(*engine), 3.0);  // not spinning on its error
  run("ip link set y0 up");
  ASSERT_TRUE(eventually([&] { return engine->port_counters()[0].link_up; }));
  Cable client("h0");
  auto spec = lb::to_vip(lb::kDsrV4, 17);
  spec.to_mac = engine->ports()[0].mac.to_string();
  EXPECT_TRUE(eventually([&] {
    client.send(test::make_packet(spec));
    return totals(*engine).tx > 0;
  }));
}

TEST_P(Veth, AnInterfaceThatIsNotThereIsNamed) {
  const auto error = refusal(engine_config({port("wan", "nonesuch0")}));
  EXPECT_EQ(error.id, "E-323");
  EXPECT_EQ(error.text, "port wan: there is no interface nonesuch0 (ip link shows those that are)");
}

TEST_P(Veth, AnInterfaceThatIsDownIsRefusedWithTheCommandThatHelps) {
  run("ip link set y0 down");
  const auto error = refusal(config());
  EXPECT_EQ(error.id, "E-325");
  EXPECT_EQ(error.text, "port wan: interface y0 is down: ip link set y0 up");
}

TEST_P(Veth, AnInterfaceOfAnotherMtuIsRefused) {
  run("ip link set y1 mtu 1400");
  const auto error = refusal(config());
  EXPECT_EQ(error.id, "E-325");
  EXPECT_EQ(error.text.find("port lan: interface y1 has MTU 1400, the port is to have 1500"), 0u)
      << error.text;
}

TEST_P(Veth, ASecondOneOnTheSameInterfaceIsRefusedAndDisturbsNothing) {
  auto started = PacketEngine::start(config(), eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto error = refusal(engine_config({port("other", "y0")}));
  EXPECT_EQ(error.id, "E-324");
  EXPECT_EQ(error.text.find("port other: interface y0 is in use"), 0u) << error.text;

  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  Cable client("h0");
  auto spec = lb::to_vip(lb::kDsrV4, 17);
  spec.to_mac = engine->ports()[0].mac.to_string();
  client.send(test::make_packet(spec));
  EXPECT_TRUE(eventually([&] { return totals(*engine).tx == 1; }));
}

TEST_P(Veth, WhatAFailedStartHadTakenIsFreeAgain) {
  auto broken = config();
  broken.ports[1].device.argument = "nonesuch0";
  EXPECT_EQ(refusal(broken).id, "E-323");
  for (int i = 0; i < 3; ++i) {
    const auto started = PacketEngine::start(config(), eal());
    EXPECT_TRUE(started) << started.error().text;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Veth, ::testing::Values(Device::Kind::kAfPacket, Device::Kind::kAfXdp),
                         [](const auto& kind) {
                           return kind.param == Device::Kind::kAfXdp ? "AfXdp" : "AfPacket";
                         });

using XdpOnManyQueues = Veth;

TEST_P(XdpOnManyQueues, WouldMissWhatOtherQueuesReceiveAndIsRefused) {
  run("ip link add m0 numtxqueues 2 numrxqueues 2 type veth peer name m1 && ip link set m0 up");
  const auto error = refusal(engine_config({port("wan", "m0")}));
  EXPECT_EQ(error.id, "E-325");
  EXPECT_NE(error.text.find("has 2 receive queues"), std::string::npos) << error.text;
}

INSTANTIATE_TEST_SUITE_P(Of, XdpOnManyQueues, ::testing::Values(Device::Kind::kAfXdp));

TEST(TapPort, MakesItsInterfaceAndCarriesFrames) {
  (void)eal();
  if (const auto reason = enter_private_network(); !reason.empty()) GTEST_SKIP() << reason;
  const auto started =
      PacketEngine::start(engine_config({{"wan", {Device::Kind::kTap, "lab0"}, 1500},
                                         {"lan", {Device::Kind::kTap, "lab1"}, 1500}}),
                          eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  Cable client("lab0");
  Cable server("lab1");
  auto spec = lb::to_vip(lb::kDsrV4, 17);
  spec.to_mac = engine->ports()[0].mac.to_string();
  client.send(test::make_packet(spec));
  EXPECT_TRUE(eventually([&] { return totals(*engine).tx == 1; }));
  std::vector<test::Frame> got;
  EXPECT_TRUE(eventually([&] {
    for (auto& frame : server.receive()) got.push_back(std::move(frame));
    return std::ranges::any_of(got, [&](const test::Frame& f) {
      return f.size() > 42 && f[12] == 8 && f[13] == 0 && f[23] == 17;
    });
  }));
}

using PacketOnManyWorkers = Veth;

TEST_P(PacketOnManyWorkers, FlowsSpreadOverThem) {
  auto two = config();
  const auto cores = usable_cores();
  two.cores = {cores.front(), cores.back()};
  auto started = PacketEngine::start(two, eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(snapshot_for(*engine));
  Cable client("h0");
  for (unsigned i = 0; i < 400; ++i) {
    auto spec = lb::to_vip(lb::kDsrV4, 17, static_cast<std::uint16_t>(20000 + i));
    spec.to_mac = engine->ports()[0].mac.to_string();
    client.send(test::make_packet(spec));
  }
  EXPECT_TRUE(eventually([&] { return totals(*engine).tx == 400; }));
  for (const auto* worker : engine->worker_counters()) EXPECT_GT(totals(*worker).rx, 100u);
}

INSTANTIATE_TEST_SUITE_P(Of, PacketOnManyWorkers, ::testing::Values(Device::Kind::kAfPacket));

TEST(Claim, TellsAnInterfaceInUseFromADescriptorThatIsMissing) {
  const auto first = claim_interface("claimed0");
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(claim_interface("claimed0").error().id, error::kBusy);
  ASSERT_TRUE(claim_interface("claimed1")) << "another is free";
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto without = claim_interface("claimed1");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().id, error::kDriver) << without.error().text;
}

}  // namespace
}  // namespace yoke::io
