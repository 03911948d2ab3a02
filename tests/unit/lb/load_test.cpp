// SPDX-License-Identifier: Apache-2.0
// What the pipeline makes of schedulers: which flows are load, and what becomes of packets whose
// flow is not known.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

using test::PacketSpec;

class Load : public ::testing::TestWithParam<const char*> {
 protected:
  explicit Load(std::uint32_t capacity = 1000) : rig_(0, 1, capacity) {
    schedule(Scheduling::kLeastConnections);
  }
  void schedule(Scheduling scheduling) {
    for (Service& service : rig_.snapshot_.services) service.scheduling = scheduling;
  }
  Rig::Result send(std::uint16_t port, std::uint8_t flags) {
    PacketSpec spec = to_vip(GetParam(), 6, port);
    spec.tcp_flags = flags;
    return rig_.send(spec);
  }
  // Opens connections from these ports; where each went.
  std::map<std::uint16_t, net::MacAddress> open(std::uint16_t first, int count) {
    std::map<std::uint16_t, net::MacAddress> went;
    for (int i = 0; i < count; ++i) {
      const auto port = static_cast<std::uint16_t>(first + i);
      went[port] = send(port, kTcpSyn).destination_mac();
    }
    return went;
  }
  static std::map<net::MacAddress, int> per_server(
      const std::map<std::uint16_t, net::MacAddress>& went) {
    std::map<net::MacAddress, int> count;
    for (const auto& [port, server] : went) ++count[server];
    return count;
  }

  Rig rig_;
};
INSTANTIATE_TEST_SUITE_P(EveryMethod, Load, ::testing::Values(kNatV4, kNatV6, kDsrV4, kDsrV6));

TEST_P(Load, OpenFlowsAreSharedOutToOne) {
  for (const auto& [server, count] : per_server(open(20'000, 30))) EXPECT_EQ(count, 10);
}

TEST_P(Load, WhatIsClosedIsNoLoad) {
  for (const std::uint8_t end : {kTcpRst, std::uint8_t{kTcpFin | kTcpAck}}) {
    const auto first = static_cast<std::uint16_t>(end * 1000);
    const auto went = open(first, 30);
    const auto emptied = went.begin()->second;
    for (const auto& [port, server] : went) {
      if (server == emptied) (void)send(port, end);
    }
    const auto next = per_server(open(static_cast<std::uint16_t>(first + 100), 10));
    EXPECT_EQ(next, (std::map<net::MacAddress, int>{{emptied, 10}})) << int{end};
    // Data behind a RST brings a connection back, and its load with it.
    if (end != kTcpRst) continue;
    for (const auto& [port, server] : went) {
      if (server == emptied) (void)send(port, kTcpAck);
    }
    EXPECT_FALSE(per_server(open(static_cast<std::uint16_t>(first + 200), 10)).contains(emptied));
  }
}

TEST_P(Load, WhatIsForgottenIsNoLoad) {
  (void)open(20'000, 30);
  rig_.now_ += 10'000'000;  // longer than any flow rests
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, 1000);
  ASSERT_EQ(rig_.flows_.size(), 0U);
  // Nobody stands in the way of a server that comes back with nothing.
  for (const auto& [server, count] : per_server(open(30'000, 30))) EXPECT_EQ(count, 10);
}

// What a commit would cut, and `show` has: connections that are over are none.
TEST_P(Load, WhatIsOverIsNotOpen) {
  const bool is_nat = GetParam() == kNatV4 || GetParam() == kNatV6;
  const auto open_of = [](const std::vector<TrafficCounter>& traffic,
                          const std::vector<RestCounter>& rests) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < traffic.size(); ++i) {
      count += traffic[i].flows_created.value() - traffic[i].flows_ended.value();
      count -= rests[i].begun.value() - rests[i].ended.value();
    }
    return count;
  };
  const auto expect_open = [&](std::uint64_t count, const char* when) {
    const WorkerCounters& counters = rig_.counters_;
    EXPECT_EQ(open_of(counters.services, counters.service_rests), count) << when;
    EXPECT_EQ(open_of(counters.servers, counters.server_rests), count) << when;
  };
  std::map<std::uint16_t, Rig::Result> sent;
  for (std::uint16_t port = 20'000; port < 20'010; ++port) sent[port] = send(port, kTcpSyn);
  expect_open(10, "as they begin");
  (void)send(20'000, kTcpFin | kTcpAck);
  expect_open(is_nat ? 10 : 9, "one end is closed: where both are seen, the other may go on");
  if (is_nat) (void)rig_.send(Rig::answer_to(sent[20'000], kTcpFin | kTcpAck), 1);
  expect_open(9, "both");
  (void)send(20'000, kTcpAck);
  expect_open(9, "the last acknowledgement");
  (void)send(20'001, kTcpRst);
  expect_open(8, "reset");
  (void)send(20'001, kTcpAck);
  expect_open(9, "data behind a reset that was not meant");
  (void)send(20'001, kTcpRst);
  (void)send(20'001, kTcpSyn);
  expect_open(9, "opened anew");
  rig_.now_ += 10'000'000;  // longer than any flow rests
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, 1000);
  ASSERT_EQ(rig_.flows_.size(), 0U);
  expect_open(0, "forgotten");
}

TEST_P(Load, AnEstablishedFlowStaysWhereItIsWhateverTheScheduler) {
  const auto went = open(20'000, 30);
  for (const auto scheduling : {Scheduling::kMaglev, Scheduling::kRoundRobin,
                                Scheduling::kSourceHash, Scheduling::kResponseTime}) {
    schedule(scheduling);
    for (const auto& [port, server] : went) {
      EXPECT_EQ(send(port, kTcpAck).destination_mac(), server);
    }
  }
}

// As after a restart: nobody knows where the connection was.
TEST_P(Load, TheMiddleOfAConnectionOfNoFlowGoesByTheTableInDsr) {
  const bool is_dsr = GetParam() == kDsrV4 || GetParam() == kDsrV6;
  std::map<std::uint16_t, net::MacAddress> by_maglev;
  for (const auto scheduling :
       {Scheduling::kMaglev, Scheduling::kRoundRobin, Scheduling::kResponseTime}) {
    Rig anew;
    for (Service& service : anew.snapshot_.services) service.scheduling = scheduling;
    for (std::uint16_t port = 20'000; port < 20'050; ++port) {
      PacketSpec spec = to_vip(GetParam(), 6, port);
      spec.tcp_flags = kTcpAck;
      const auto sent = anew.send(spec);
      ASSERT_EQ(sent.verdict.action == Action::kForward, is_dsr);
      if (!is_dsr) continue;
      const auto [known, is_new] = by_maglev.emplace(port, sent.destination_mac());
      EXPECT_EQ(known->second, sent.destination_mac());
    }
  }
}

class FullTable : public Load {
 protected:
  FullTable() : Load(8) {}
};
INSTANTIATE_TEST_SUITE_P(Dsr, FullTable, ::testing::Values(kDsrV4, kDsrV6));

TEST_P(FullTable, AFlowThatHasNoPlaceIsKeptTogetherByTheTable) {
  for (const auto scheduling : {Scheduling::kRoundRobin, Scheduling::kLeastConnections,
                                Scheduling::kSourceHash, Scheduling::kResponseTime}) {
    schedule(scheduling);
    (void)open(10'000, 20);
    ASSERT_EQ(rig_.flows_.size(), rig_.flows_.capacity());
    for (const auto& [port, server] : open(20'000, 50)) {
      EXPECT_EQ(send(port, kTcpAck).destination_mac(), server);
      EXPECT_EQ(send(port, kTcpFin | kTcpAck).destination_mac(), server);
    }
  }
}

}  // namespace
}  // namespace yoke::lb
