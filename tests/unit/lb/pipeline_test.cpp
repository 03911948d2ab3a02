// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/pipeline.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

using net::Drop;
using test::PacketSpec;

constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;
const char* const kEveryVip[] = {kNatV4, kNatV6, kDsrV4, kDsrV6};
const char* const kNatVips[] = {kNatV4, kNatV6};
const char* const kDsrVips[] = {kDsrV4, kDsrV6};

TEST(Pipeline, NatRewritesBothEndsAndTheAnswerComesBackAsTheVips) {
  for (const char* vip : kNatVips) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      Rig rig;
      const PacketSpec asked = to_vip(vip, protocol);
      const auto forwarded = rig.send(asked);
      ASSERT_EQ(forwarded.verdict.action, Action::kForward);
      EXPECT_EQ(forwarded.verdict.port, 1);
      const auto p = forwarded.parsed();
      EXPECT_EQ(p.source, ip(vip)) << "the VIP itself is the default SNAT address";
      EXPECT_GE(p.source_port.host(), limits::kSnatPortFirst);
      EXPECT_TRUE(p.destination.to_string().starts_with(p.is_v4 ? "10.0.0." : "2001:db8:2::"));
      EXPECT_EQ(p.ttl, asked.ttl - 1);
      EXPECT_TRUE(test::checksums_hold(forwarded.frame));

      const auto answered = rig.send(Rig::answer_to(forwarded, kSynAck), 1);
      ASSERT_EQ(answered.verdict.action, Action::kForward);
      EXPECT_EQ(answered.verdict.port, 0);
      const auto q = answered.parsed();
      EXPECT_EQ(q.source, ip(vip));
      EXPECT_EQ(q.source_port.host(), 80);
      EXPECT_EQ(q.destination.to_string(), asked.source);
      EXPECT_EQ(q.destination_port.host(), asked.source_port);
      EXPECT_EQ(answered.destination_mac(), mac(0xfe))
          << "by the router, as the kernel's route says";
      EXPECT_TRUE(test::checksums_hold(answered.frame));
    }
  }
}

TEST(Pipeline, DsrChangesMacsAndTtlAndNothingElse) {
  for (const char* vip : kDsrVips) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      Rig rig;
      PacketSpec spec = to_vip(vip, protocol);
      const auto forwarded = rig.send(spec);
      ASSERT_EQ(forwarded.verdict.action, Action::kForward);
      spec.ttl = static_cast<std::uint8_t>(spec.ttl - 1);
      spec.from_mac = mac(0x0b).to_string();
      spec.to_mac = forwarded.destination_mac().to_string();
      EXPECT_EQ(forwarded.frame, test::make_packet(spec));
      EXPECT_GE(forwarded.destination_mac().octets[5], 0x21);
    }
  }
}

TEST(Pipeline, AConnectionStaysWithItsServerWhateverHappensToTheOthers) {
  for (const char* vip : kEveryVip) {
    Rig rig;
    const auto first = rig.send(to_vip(vip));
    const auto server_mac = first.destination_mac();
    for (std::size_t other = 0; other < rig.snapshot_.servers.size(); ++other) {
      if (rig.snapshot_.servers[other].hop.mac == server_mac) continue;
      rig.set_state(ServerState::kDown, other);
    }
    PacketSpec data = to_vip(vip);
    data.tcp_flags = kTcpAck;
    EXPECT_EQ(rig.send(data).destination_mac(), server_mac) << vip;
    for (std::size_t other = 0; other < rig.snapshot_.servers.size(); ++other) {
      rig.set_state(ServerState::kUp, other);
    }
    EXPECT_EQ(rig.send(data).destination_mac(), server_mac) << vip;
  }
}

TEST(Pipeline, ADrainingServerKeepsItsFlowsAndGetsNoNewOnes) {
  for (const char* vip : kEveryVip) {
    Rig rig;
    const auto first = rig.send(to_vip(vip));
    const auto server_mac = first.destination_mac();
    for (std::size_t i = 0; i < rig.snapshot_.servers.size(); ++i) {
      if (rig.snapshot_.servers[i].hop.mac == server_mac) {
        rig.set_state(ServerState::kDraining, i);
      }
    }
    PacketSpec data = to_vip(vip);
    data.tcp_flags = kTcpAck;
    EXPECT_EQ(rig.send(data).destination_mac(), server_mac);
    for (std::uint16_t port = 41000; port < 41100; ++port) {
      EXPECT_NE(rig.send(to_vip(vip, 6, port)).destination_mac(), server_mac);
    }
  }
}

TEST(Pipeline, WhenAServerIsDownDatagramsAndNewConnectionsMoveAndOldSegmentsDoNot) {
  for (const char* vip : kEveryVip) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      Rig rig;
      const auto server_mac = rig.send(to_vip(vip, protocol)).destination_mac();
      for (std::size_t i = 0; i < rig.snapshot_.servers.size(); ++i) {
        if (rig.snapshot_.servers[i].hop.mac == server_mac) rig.set_state(ServerState::kDown, i);
      }
      PacketSpec data = to_vip(vip, protocol);
      data.tcp_flags = kTcpAck;
      const auto moved = rig.send(data).destination_mac() != server_mac;
      EXPECT_EQ(moved, protocol == 17) << vip;
      EXPECT_NE(rig.send(to_vip(vip, protocol)).destination_mac(), server_mac) << vip;
      EXPECT_EQ(rig.flows_.size(), 1U);
    }
  }
}

TEST(Pipeline, WhenAServerIsRemovedItsConnectionsEndAndNewOnesGoElsewhere) {
  for (const char* vip : kEveryVip) {
    Rig rig;
    const auto server_mac = rig.send(to_vip(vip)).destination_mac();
    for (std::size_t i = 0; i < rig.snapshot_.servers.size(); ++i) {
      if (rig.snapshot_.servers[i].hop.mac == server_mac) rig.remove_server(i);
    }
    PacketSpec data = to_vip(vip);
    data.tcp_flags = kTcpAck;
    EXPECT_EQ(rig.send(data).verdict.action, Action::kDrop);
    EXPECT_EQ(rig.drops(Drop::kServerGone), 1U);
    EXPECT_EQ(rig.flows_.size(), 0U);
    EXPECT_EQ(rig.send(to_vip(vip)).verdict.action, Action::kForward);
  }
}

TEST(Pipeline, AUnitThatForgotItsFlowsSendsDsrToTheSameServersAndNoNatAnywhere) {
  for (std::uint16_t port = 1; port < 40; ++port) {
    for (const char* vip : kEveryVip) {
      Rig before;
      const auto first = before.send(to_vip(vip, 6, port));
      Rig after;
      PacketSpec data = to_vip(vip, 6, port);
      data.tcp_flags = kTcpAck;
      const auto later = after.send(data);
      if (vip == kDsrV4 || vip == kDsrV6) {
        EXPECT_EQ(later.destination_mac(), first.destination_mac());
      } else {
        EXPECT_EQ(later.verdict.action, Action::kDrop);
        EXPECT_EQ(after.drops(Drop::kNoFlow), 1U);
      }
    }
  }
}

TEST(Pipeline, ANewSynOnAClosedConnectionGetsANewPortAtTheServer) {
  Rig rig;
  const auto first = rig.send(to_vip(kNatV4));
  PacketSpec fin = to_vip(kNatV4);
  fin.tcp_flags = kTcpFin | kTcpAck;
  (void)rig.send(Rig::answer_to(first, kSynAck), 1);
  (void)rig.send(fin);
  (void)rig.send(Rig::answer_to(first, kTcpFin | kTcpAck), 1);
  const auto second = rig.send(to_vip(kNatV4));
  ASSERT_EQ(second.verdict.action, Action::kForward);
  EXPECT_NE(second.parsed().source_port, first.parsed().source_port);
  EXPECT_EQ(rig.flows_.size(), 1U);
}

TEST(Pipeline, SnatPortsAreUniquePerServerAndAvoidTheVipsOwnServices) {
  Rig rig(0, 1, 5000);
  std::set<std::tuple<net::IpAddress, std::uint16_t>> seen;
  for (std::uint16_t port = 1000; port < 5000; ++port) {
    const auto p = rig.send(to_vip(kNatV4, 6, port)).parsed();
    EXPECT_TRUE(seen.emplace(p.destination, p.source_port.host()).second);
  }
}

TEST(Pipeline, EveryWorkerTakesSnatPortsOfItsOwnAndHandsOverTheAnswersOfOthers) {
  constexpr std::uint8_t kWorkers = 3;
  Rig rigs[kWorkers] = {Rig(0, kWorkers), Rig(1, kWorkers), Rig(2, kWorkers)};
  for (std::uint8_t w = 0; w < kWorkers; ++w) {
    for (std::uint16_t port = 1000; port < 1100; ++port) {
      const auto forwarded = rigs[w].send(to_vip(kNatV4, 6, port));
      EXPECT_EQ(forwarded.parsed().source_port.host() % kWorkers, w);
      const PacketSpec answer = Rig::answer_to(forwarded, kSynAck);
      const auto other = static_cast<std::uint8_t>((w + 1) % kWorkers);
      const auto strayed = rigs[other].send(answer, 1);
      ASSERT_EQ(strayed.verdict.action, Action::kHandOver);
      EXPECT_EQ(strayed.verdict.worker, w);
      EXPECT_EQ(strayed.frame, test::make_packet(answer)) << "handed over untouched";
      EXPECT_EQ(rigs[w].send(answer, 1).verdict.action, Action::kForward);
    }
  }
}

TEST(Pipeline, WhenEverySnatPortTriedIsTakenTheFlowIsRefusedAndCounted) {
  // With 255 workers each owns 253 ports at each of the three servers.
  Rig rig(0, 255, 2000);
  int refused = 0;
  for (std::uint16_t port = 1000; port < 2000; ++port) {
    if (rig.send(to_vip(kNatV4, 6, port)).verdict.action == Action::kDrop) ++refused;
  }
  EXPECT_GE(refused, 1000 - 3 * 254);
  EXPECT_EQ(rig.drops(Drop::kNoSnatPort), static_cast<std::uint64_t>(refused));
}

TEST(Pipeline, AFullTableRefusesNatAndForwardsDsrByMaglevAlone) {
  for (const char* vip : kEveryVip) {
    Rig rig(0, 1, 10);
    for (std::uint16_t port = 1000; port < 1020; ++port) {
      const auto sent = rig.send(to_vip(vip, 6, port));
      const bool fits = port < 1010;
      const bool is_dsr = vip == kDsrV4 || vip == kDsrV6;
      EXPECT_EQ(sent.verdict.action, fits || is_dsr ? Action::kForward : Action::kDrop);
    }
    EXPECT_EQ(rig.flows_.size(), 10U);
    EXPECT_EQ(rig.drops(Drop::kFlowTableFull), vip == kNatV4 || vip == kNatV6 ? 10U : 0U);
  }
}

TEST(Pipeline, AnswersGoBackTheWayThePacketsCameWhileTheRouterIsUnresolved) {
  for (const char* vip : kNatVips) {
    Rig rig;
    rig.neighbors_.clear();
    rig.rebuild();
    const auto forwarded = rig.send(to_vip(vip));
    const auto answered = rig.send(Rig::answer_to(forwarded, kSynAck), 1);
    ASSERT_EQ(answered.verdict.action, Action::kForward);
    EXPECT_EQ(answered.destination_mac().to_string(), to_vip(vip).from_mac);
  }
}

TEST(Pipeline, FlowsEndWhenIdleAndWhenTheirServiceIsGone) {
  Rig rig;
  (void)rig.send(to_vip(kNatV4));
  (void)rig.send(to_vip(kDsrV6, 17));
  rig.pipeline_.sweep(rig.snapshot_, rig.now_ + 119000, kEveryGroup, 1000);
  EXPECT_EQ(rig.flows_.size(), 2U);
  rig.pipeline_.sweep(rig.snapshot_, rig.now_ + 121000, kEveryGroup, 1000);
  EXPECT_EQ(rig.flows_.size(), 1U) << "an unanswered UDP flow rests two minutes";
  rig.snapshot_.services[0].incarnation = 2;
  rig.pipeline_.sweep(rig.snapshot_, rig.now_ + 122000, kEveryGroup, 1000);
  EXPECT_EQ(rig.flows_.size(), 0U);
  EXPECT_EQ(rig.counters_.flows_open_added.value(), rig.counters_.flows_open_removed.value());
}

TEST(Pipeline, TheClockMayWrap) {
  Rig rig;
  rig.now_ = 0xffffff00U;
  (void)rig.send(to_vip(kDsrV4, 17));
  rig.pipeline_.sweep(rig.snapshot_, 0x00000100U, kEveryGroup, 1000);
  EXPECT_EQ(rig.flows_.size(), 1U);
}

TEST(Pipeline, VipsAnswerArpSolicitationsAndEchoThemselves) {
  Rig rig;
  PacketSpec spec = to_vip(kNatV4);
  spec.to_mac = "ff:ff:ff:ff:ff:ff";
  EXPECT_EQ(rig.send(test::make_arp_request(spec)).verdict.action, Action::kReply);
  spec.destination = "203.0.113.99";
  EXPECT_EQ(rig.send(test::make_arp_request(spec)).verdict.action, Action::kPunt);
  for (const char* vip : kEveryVip) {
    const auto echoed = rig.send(test::make_echo_request(to_vip(vip)));
    EXPECT_EQ(echoed.verdict.action, Action::kReply);
    EXPECT_TRUE(test::checksums_hold(echoed.frame));
  }
  PacketSpec v6 = to_vip(kNatV6);
  v6.to_mac = "33:33:ff:00:00:10";
  const auto advertised = rig.send(test::make_neighbor_solicitation(v6));
  EXPECT_EQ(advertised.verdict.action, Action::kReply);
  EXPECT_EQ(advertised.verdict.length, net::kAdvertisementLength);
  v6.destination = "2001:db8:1::99";
  EXPECT_EQ(rig.send(test::make_neighbor_solicitation(v6)).verdict.action, Action::kPunt);
}

TEST(Pipeline, EachReasonToDropIsCountedUnderItsName) {
  const auto v6 = to_vip(kNatV6);
  struct Row {
    Drop reason;
    test::Frame frame;
  };
  const auto changed = [](test::Frame frame, std::size_t at, std::uint8_t value) {
    frame[at] = value;
    return frame;
  };
  PacketSpec other_mac = to_vip(kNatV4);
  other_mac.to_mac = "02:00:00:00:00:99";
  PacketSpec multicast_mac = to_vip(kNatV4);
  multicast_mac.to_mac = "01:00:5e:00:00:01";
  PacketSpec land = to_vip(kNatV4);
  land.source = kNatV4;
  PacketSpec loopback = to_vip(kNatV4);
  loopback.source = "127.0.0.1";
  PacketSpec dying = to_vip(kNatV4);
  dying.ttl = 1;
  PacketSpec closed = to_vip(kNatV4);
  closed.destination_port = 81;
  PacketSpec middle = to_vip(kNatV4);
  middle.tcp_flags = kTcpAck;
  const Row rows[] = {{Drop::kTruncated, test::Frame(13)},
                      {Drop::kTruncated, changed(test::make_packet(v6), 18, 0xff)},
                      {Drop::kBadHeader, changed(test::make_packet(v6), 14, 0x10)},
                      {Drop::kBadChecksum, changed(test::make_packet(to_vip(kNatV4)), 24, 0)},
                      {Drop::kOtherMac, test::make_packet(other_mac)},
                      {Drop::kMartian, test::make_packet(multicast_mac)},
                      {Drop::kMartian, test::make_packet(land)},
                      {Drop::kMartian, test::make_packet(loopback)},
                      {Drop::kFragment, changed(test::make_packet(v6), 20, 44)},
                      {Drop::kExtension, changed(test::make_packet(v6), 20, 60)},
                      {Drop::kProtocol, changed(test::make_packet(v6), 20, 132)},
                      {Drop::kTtl, test::make_packet(dying)},
                      {Drop::kNoService, test::make_packet(closed)},
                      {Drop::kNoFlow, test::make_packet(middle)}};
  for (const Row& row : rows) {
    Rig rig;
    EXPECT_EQ(rig.send(row.frame).verdict.action, Action::kDrop) << net::name(row.reason);
    EXPECT_EQ(rig.drops(row.reason), 1U) << net::name(row.reason);
  }
}

TEST(Pipeline, NoServerAndNoNeighbourAreToldApart) {
  Rig rig;
  for (auto& server : rig.snapshot_.servers) server.hop.resolved = false;
  EXPECT_EQ(rig.send(to_vip(kNatV4)).verdict.action, Action::kDrop);
  EXPECT_EQ(rig.drops(Drop::kNoNeighbor), 1U);
  EXPECT_EQ(rig.flows_.size(), 0U);
  for (std::size_t i = 0; i < rig.snapshot_.servers.size(); ++i) {
    rig.set_state(ServerState::kDown, i);
  }
  EXPECT_EQ(rig.send(to_vip(kNatV4)).verdict.action, Action::kDrop);
  EXPECT_EQ(rig.drops(Drop::kNoServer), 1U);
}

TEST(Pipeline, DsrNeedsItsServerOnTheSameLink) {
  Rig rig;
  for (auto& server : rig.snapshot_.servers) server.on_link = false;
  EXPECT_EQ(rig.send(to_vip(kDsrV4)).verdict.action, Action::kDrop);
  EXPECT_EQ(rig.drops(Drop::kNoNeighbor), 1U);
  EXPECT_EQ(rig.send(to_vip(kNatV4)).verdict.action, Action::kForward);
}

TEST(Pipeline, WhatIsNotForAVipIsTheKernelsUntouched) {
  Rig rig;
  PacketSpec spec;
  spec.destination = "192.0.2.1";
  const auto frame = test::make_packet(spec);
  const auto punted = rig.send(frame);
  EXPECT_EQ(punted.verdict.action, Action::kPunt);
  EXPECT_EQ(punted.frame, frame);
}

TEST(Pipeline, TrafficIsCountedPerServiceAndServer) {
  Rig rig;
  const auto forwarded = rig.send(to_vip(kNatV4));
  const auto answered = rig.send(Rig::answer_to(forwarded, kSynAck), 1);
  const auto& service = rig.counters_.services[0];
  EXPECT_EQ(service.packets_in.value(), 1U);
  EXPECT_EQ(service.bytes_in.value(), forwarded.frame.size());
  EXPECT_EQ(service.packets_out.value(), 1U);
  EXPECT_EQ(service.bytes_out.value(), answered.frame.size());
  EXPECT_EQ(service.flows_created.value(), 1U);
  std::uint64_t of_servers = 0;
  for (const auto& server : rig.counters_.servers) of_servers += server.packets_in.value();
  EXPECT_EQ(of_servers, 1U);
}

// Whatever comes in, in bursts of any size: one verdict a packet, one drop counted a drop, no flow
// without an owner.
TEST(Pipeline, EveryPacketOfARandomMixIsAccountedFor) {
  std::mt19937 random(7);
  Rig rig(0, 2, 300);
  std::map<Action, std::uint64_t> verdicts_seen;
  for (int round = 0; round < 4000; ++round) {
    const std::size_t size = 1 + random() % limits::kBurst;
    std::vector<test::Frame> frames;
    std::vector<Packet> burst;
    for (std::size_t i = 0; i < size; ++i) {
      PacketSpec spec = to_vip(kEveryVip[random() % 4], random() % 2 == 0 ? 6 : 17,
                               static_cast<std::uint16_t>(random() % 500 + 1));
      spec.tcp_flags = static_cast<std::uint8_t>(random() % 32);
      if (random() % 8 == 0) spec.destination_port = static_cast<std::uint16_t>(random());
      test::Frame frame = random() % 10 == 0   ? test::make_echo_request(spec)
                          : random() % 10 == 0 ? test::make_arp_request(to_vip(kNatV4))
                                               : test::make_packet(spec);
      if (random() % 8 == 0) frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
      if (random() % 8 == 0) frame.resize(random() % frame.size());
      frames.push_back(std::move(frame));
    }
    for (auto& frame : frames) {
      burst.push_back({frame.data(), static_cast<std::uint16_t>(frame.size()), 0,
                       static_cast<std::uint8_t>(random() % 2)});
    }
    std::vector<Verdict> verdicts(size);
    rig.now_ += 5;
    rig.pipeline_.process(burst, verdicts, rig.snapshot_, rig.now_, rig.served_);
    for (const Verdict& v : verdicts) ++verdicts_seen[v.action];
    rig.pipeline_.sweep(rig.snapshot_, rig.now_, kEveryGroup, 10);
  }
  std::uint64_t dropped = 0;
  for (const auto& counter : rig.counters_.drops) dropped += counter.value();
  EXPECT_EQ(dropped, verdicts_seen[Action::kDrop]);
  EXPECT_EQ(rig.counters_.flows_open_added.value() - rig.counters_.flows_open_removed.value(),
            rig.flows_.size());
  for (const Action action : {Action::kForward, Action::kReply, Action::kHandOver, Action::kDrop}) {
    EXPECT_GT(verdicts_seen[action], 0U);
  }
}

}  // namespace
}  // namespace yoke::lb
