// SPDX-License-Identifier: Apache-2.0
// What the peer does with the flows that it was told of: goes on with them.
#include <gtest/gtest.h>

#include "tests/unit/sync/pair.h"

namespace yoke::sync {
namespace {

using lb::Action;
using lb::FlowDuty;
using lb::kDsrV4;
using lb::kDsrV6;
using lb::kNatV4;
using lb::kNatV6;
using lb::kTcpAck;
using lb::kTcpFin;
using lb::kTcpSyn;

class Takeover : public ::testing::TestWithParam<const char*> {
 protected:
  Takeover() : pair_(one_worker(1), one_worker(2), {}, 1) {}
  static UnitSpec one_worker(std::uint64_t seed) {
    UnitSpec spec;
    spec.workers = 1;
    spec.seed = seed;
    spec.has_other_slots = seed == 2;
    return spec;
  }
  lb::Rig& ours() { return pair_.active_->worker(0).rig; }
  lb::Rig& theirs() { return pair_.standby_->worker(0).rig; }
  lb::Rig::Result send(lb::Rig& rig, test::PacketSpec spec, std::uint8_t flags,
                       std::uint8_t port = 0) {
    spec.tcp_flags = flags;
    const auto result = rig.send(spec, port);
    auto& worker = (&rig == &ours() ? *pair_.active_ : *pair_.standby_).worker(0);
    worker.exporter.flush(rig.snapshot_, rig.now_);
    return result;
  }
  void take_over() {
    pair_.active_->set_duty(FlowDuty::kReceive);
    pair_.standby_->set_duty(FlowDuty::kSend);
    pair_.turn(20);
  }
  // A connection as far as the server's answer; what was forwarded of the SYN.
  lb::Rig::Result answered(std::uint16_t port = 40000) {
    auto syn = send(ours(), lb::to_vip(GetParam(), 6, port), kTcpSyn);
    (void)send(ours(), lb::Rig::answer_to(syn, 0), kTcpSyn | kTcpAck, 1);
    return syn;
  }

  Pair pair_;
};
class NatTakeover : public Takeover {};
INSTANTIATE_TEST_SUITE_P(BothFamilies, NatTakeover, ::testing::Values(kNatV4, kNatV6));
class DsrTakeover : public Takeover {};
INSTANTIATE_TEST_SUITE_P(BothFamilies, DsrTakeover, ::testing::Values(kDsrV4, kDsrV6));

TEST_P(NatTakeover, TheServersFirstAnswerIsEnough) {
  const auto syn = answered();
  ASSERT_TRUE(pair_.settle());
  take_over();
  const auto data = send(theirs(), lb::to_vip(GetParam()), kTcpAck);
  ASSERT_EQ(data.verdict.action, Action::kForward);
  EXPECT_EQ(data.parsed().source, syn.parsed().source);
  EXPECT_EQ(data.parsed().source_port, syn.parsed().source_port);
  EXPECT_EQ(data.parsed().destination, syn.parsed().destination);
  EXPECT_EQ(data.destination_mac(), syn.destination_mac());
  EXPECT_TRUE(test::checksums_hold(data.frame));
}

TEST_P(NatTakeover, TheServersDataFindItsClientBeforeTheClientSpeaks) {
  const auto syn = answered();
  ASSERT_TRUE(pair_.settle());
  take_over();
  const auto answer = send(theirs(), lb::Rig::answer_to(syn, 0), kTcpAck, 1);
  ASSERT_EQ(answer.verdict.action, Action::kForward);
  EXPECT_EQ(answer.parsed().destination.to_string(), lb::to_vip(GetParam()).source);
  EXPECT_EQ(answer.parsed().destination_port.host(), 40000);
}

// A client that waits for data says nothing until it comes, and the peer has not met it.
TEST_P(NatTakeover, TheClientIsReachedAsThePeerReachedIt) {
  auto client = lb::to_vip(GetParam());
  client.from_mac = "02:00:00:00:77:01";
  const auto syn = send(ours(), client, kTcpSyn);
  (void)send(ours(), lb::Rig::answer_to(syn, 0), kTcpSyn | kTcpAck, 1);
  ASSERT_TRUE(pair_.settle());
  theirs().snapshot_.routing = std::make_shared<lb::Routing>();
  take_over();
  const auto answer = send(theirs(), lb::Rig::answer_to(syn, 0), kTcpAck, 1);
  ASSERT_EQ(answer.verdict.action, Action::kForward);
  EXPECT_EQ(answer.verdict.port, 0);
  EXPECT_EQ(answer.destination_mac().to_string(), client.from_mac);
}

TEST_P(NatTakeover, AnUnansweredSynIsNotTold) {
  for (std::uint16_t port = 1; port < 200; ++port) {
    (void)send(ours(), lb::to_vip(GetParam(), 6, port), kTcpSyn);
  }
  ASSERT_TRUE(pair_.settle());
  EXPECT_EQ(pair_.standby_->size(), 0U);
}

TEST_P(NatTakeover, NoPortIsGivenTwice) {
  // Few ports to a server that have no flow: of one server, all but some.
  std::map<std::string, int> taken;
  const auto name = [](const lb::Rig::Result& r) {
    const auto p = r.parsed();
    return p.source.to_string() + " " + std::to_string(p.source_port.host()) + " " +
           p.destination.to_string();
  };
  for (std::uint16_t port = 1; port <= 3000; ++port) ++taken[name(answered(port))];
  ASSERT_TRUE(pair_.settle());
  take_over();
  for (std::uint16_t port = 10'001; port <= 10'900; ++port) {
    const auto syn = send(theirs(), lb::to_vip(GetParam(), 6, port), kTcpSyn);
    ASSERT_EQ(syn.verdict.action, Action::kForward);
    ++taken[name(syn)];
  }
  for (const auto& [what, times] : taken) EXPECT_EQ(times, 1) << what;
}

TEST_P(NatTakeover, LoadsAreThose) {
  for (lb::Service& s : ours().snapshot_.services) s.scheduling = lb::Scheduling::kRoundRobin;
  for (std::uint16_t port = 1; port <= 90; ++port) (void)answered(port);
  for (std::uint16_t port = 1; port <= 30; ++port) {
    (void)send(ours(), lb::to_vip(GetParam(), 6, port), kTcpFin | kTcpAck);
  }
  ASSERT_TRUE(pair_.settle());
  const auto open = [&](const lb::Rig& rig) {
    for (const lb::Service& s : rig.snapshot_.services) {
      if (s.address != lb::ip(GetParam()) || s.protocol != net::Protocol::kTcp) continue;
      const auto& load =
          rig.counters_.loads[static_cast<std::size_t>(&s - rig.snapshot_.services.data())];
      return load.begun.value() - load.ended.value();
    }
    return std::uint64_t{0};
  };
  EXPECT_EQ(open(ours()), 60U);
  EXPECT_EQ(open(theirs()), 60U);
  // By the fewest open flows, the next ones go round evenly: each server has a third of 60.
  take_over();
  for (lb::Service& s : theirs().snapshot_.services) {
    s.scheduling = lb::Scheduling::kLeastConnections;
  }
  std::map<net::MacAddress, int> went;
  for (std::uint16_t port = 1001; port <= 1030; ++port) {
    ++went[send(theirs(), lb::to_vip(GetParam(), 6, port), kTcpSyn).destination_mac()];
  }
  for (const auto& [server, count] : went) EXPECT_EQ(count, 10);
}

TEST_P(NatTakeover, WhatIsHeldDoesNotExpireAndStartsAnew) {
  (void)answered();
  (void)send(ours(), lb::to_vip(GetParam()), kTcpAck);
  ASSERT_TRUE(pair_.settle());
  pair_.now_ += std::chrono::hours(3);  // the active unit was heard of no more
  pair_.standby_->sweep(pair_.tick(), 4000);
  EXPECT_EQ(pair_.standby_->size(), 1U);
  pair_.standby_->set_duty(FlowDuty::kSend);
  pair_.standby_->turn(pair_.tick(), 8000);
  pair_.standby_->sweep(pair_.tick(), 4000);
  EXPECT_EQ(pair_.standby_->size(), 1U);
  pair_.now_ += std::chrono::hours(3);
  pair_.standby_->sweep(pair_.tick(), 4000);
  EXPECT_EQ(pair_.standby_->size(), 0U);
}

TEST_P(NatTakeover, TheOldActiveUnitIsToldInTurn) {
  (void)answered(1);
  ASSERT_TRUE(pair_.settle());
  UnitSpec fresh = one_worker(3);
  Pair other(one_worker(2), fresh, {}, 7);
  std::swap(other.active_, pair_.standby_);
  other.now_ = pair_.now_;
  other.active_->set_duty(FlowDuty::kSend);
  ASSERT_TRUE(other.settle());
  EXPECT_EQ(other.standby_->plain_flows(), other.active_->plain_flows());
  EXPECT_EQ(other.standby_->plain_flows().size(), 1U);
}

TEST_P(DsrTakeover, WhatTheTableGivesNeedsNoRecord) {
  for (auto* unit : {&*pair_.active_, &*pair_.standby_}) {
    unit->reconfigure([](lb::Snapshot& s) {
      for (lb::Service& service : s.services) service.scheduling = lb::Scheduling::kMaglev;
    });
  }
  std::map<std::uint16_t, net::MacAddress> went;
  for (std::uint16_t port = 1; port <= 300; ++port) {
    went[port] = send(ours(), lb::to_vip(GetParam(), 6, port), kTcpSyn).destination_mac();
    (void)send(ours(), lb::to_vip(GetParam(), 6, port), kTcpAck);
  }
  ASSERT_TRUE(pair_.settle());
  EXPECT_EQ(pair_.standby_->size(), 0U);
  // A server goes out of the table on both: those of its flows, and the few others that the table
  // gives to somebody else now, are told of.
  for (auto* unit : {&*pair_.active_, &*pair_.standby_}) {
    unit->reconfigure([](lb::Snapshot& s) {
      for (lb::Server& server : s.servers) {
        if (server.port.host() == 80 && server.hop.mac == lb::mac(0x21)) {
          server.state = lb::ServerState::kDraining;
        }
      }
    });
  }
  pair_.turn(200);
  ASSERT_TRUE(pair_.settle());
  EXPECT_GT(pair_.standby_->size(), 80U);
  EXPECT_LT(pair_.standby_->size(), 200U);
  EXPECT_EQ(pair_.standby_->plain_flows(), pair_.active_->plain_flows());
  take_over();
  for (const auto& [port, server] : went) {
    EXPECT_EQ(send(theirs(), lb::to_vip(GetParam(), 6, port), kTcpAck).destination_mac(), server);
  }
}

}  // namespace
}  // namespace yoke::sync
