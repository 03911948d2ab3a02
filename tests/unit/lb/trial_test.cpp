// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/trial.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

constexpr std::uint8_t kAck = 0x10, kSyn = 0x02, kRst = 0x04;

std::shared_ptr<const PrefixTable> list(const std::string& text) {
  return std::make_shared<PrefixTable>(std::vector{*net::Prefix::parse(text)});
}

// Two flows, a v4 and a v6 one, in nat, and one in dsr, whose clients are not each other's.
class Trials : public ::testing::Test {
 protected:
  static constexpr std::size_t kNatTcp = 0, kNat6Tcp = 2, kDsrTcp = 4;  // services of the rig

  void SetUp() override {
    for (const char* vip : {kNatV4, kNatV6, kDsrV4}) open(vip);
  }
  void open(const char* vip, std::uint16_t port = 40000) {
    auto spec = to_vip(vip, 6, port);
    spec.tcp_flags = kSyn;
    const auto sent = rig_.send(spec);
    ASSERT_EQ(sent.verdict.action, Action::kForward);
    if (sent.parsed().destination != ip(vip)) {
      (void)rig_.send(Rig::answer_to(sent, kSyn | kAck), 1);
    }
    spec.tcp_flags = kAck;
    ASSERT_EQ(rig_.send(spec).verdict.action, Action::kForward);
  }
  // What a worker finds of all its flows under `change`d services and servers.
  Trial::Counts under(const std::function<void(Rig&)>& change) {
    Rig next;
    next.snapshot_ = rig_.snapshot_;
    change(next);
    Trial trial(std::make_unique<Snapshot>(next.snapshot_), rig_.snapshot_.services.size(),
                rig_.snapshot_.servers.size(), 1);
    EXPECT_FALSE(trial.is_done());
    const auto before = rig_.flows_.size();
    while (trial.go_on(0, rig_.flows_, rig_.snapshot_, rig_.now_)) {
    }
    EXPECT_TRUE(trial.is_done());
    EXPECT_EQ(rig_.flows_.size(), before) << "nothing happens to any";
    return trial.counts();
  }
  static std::uint64_t sum(const std::vector<std::uint64_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }
  void expect(const Trial::Counts& counts, const std::vector<std::size_t>& services,
              std::uint64_t by_server = 0) {
    std::vector<std::uint64_t> wanted(rig_.snapshot_.services.size());
    for (const std::size_t service : services) ++wanted[service];
    EXPECT_EQ(counts.service_losses, wanted);
    EXPECT_EQ(sum(counts.server_losses), by_server);
    EXPECT_EQ(sum(counts.kept), rig_.flows_.size() - services.size() - by_server);
  }

  Rig rig_;
};

TEST_F(Trials, UnderTheSameSnapshotAllAreKept) {
  expect(under([](Rig&) {}), {});
}

TEST_F(Trials, AFlowIsLostWithItsService) {
  expect(under([](Rig& next) {
           next.snapshot_.services[kNatTcp].incarnation = 0;
           next.snapshot_.services.resize(kDsrTcp);
           next.rebuild();
         }),
         {kNatTcp, kDsrTcp});
}

TEST_F(Trials, AFlowIsLostToWhatItsServiceSaysOfItsClient) {
  expect(under([](Rig& next) { next.guard_all({.deny = list("2001:db8:7::/48")}); }), {kNat6Tcp});
  expect(under([](Rig& next) { next.guard_all({.allow = list("2001:db8:7::/48")}); }),
         {kNatTcp, kDsrTcp});
  expect(under([](Rig& next) { next.guard_all({.deny = list("0.0.0.0/0"), .max_flows = 1}); }),
         {kNatTcp, kDsrTcp});
}

TEST_F(Trials, AFlowIsLostThatHasRestedForLongerThanItsServiceWaits) {
  rig_.now_ += 2000;
  open(kNatV4, 40001);
  expect(under([](Rig& next) {
           for (Service& service : next.snapshot_.services) service.idle_timeout_s = 1;
         }),
         {kNatTcp, kNat6Tcp, kDsrTcp});
  expect(under([](Rig& next) {
           for (Service& service : next.snapshot_.services) service.idle_timeout_s = 2;
         }),
         {});
}

TEST_F(Trials, AFlowIsLostWithItsSourceAddressOrToItsGroup) {
  rig_.snapshot_.services[kNatTcp].snat = {ip("10.0.0.200"), ip("10.0.0.201")};
  rig_.rebuild();
  for (std::uint16_t port = 41000; port < 41016; ++port) open(kNatV4, port);
  std::uint64_t of_one = 0;
  (void)rig_.flows_.scan(1, rig_.flows_.capacity(), [&](const Flow& flow) {
    of_one += flow.snat == ip("10.0.0.200") ? 1u : 0u;
    return true;
  });
  ASSERT_GT(of_one, 0u);
  ASSERT_LT(of_one, 16u);
  const auto counts = under([](Rig& next) {
    next.snapshot_.services[kNatTcp].snat = {ip("10.0.0.201")};
    next.rebuild();
  });
  EXPECT_EQ(counts.service_losses[kNatTcp], of_one);
  EXPECT_EQ(sum(counts.service_losses), of_one);
  const auto moved = under([](Rig& next) {
    next.snapshot_.services[kNatTcp].snat = {ip("10.0.0.201")};
    next.snapshot_.services[kNatTcp + 1].snat = {ip("10.0.0.200")};
    next.snapshot_.services[kNatTcp + 1].group = 3;
    next.snapshot_.standing &= ~group_bit(3);
    next.rebuild();
  });
  EXPECT_EQ(moved.service_losses[kNatTcp], of_one);
}

TEST_F(Trials, AFlowIsLostWithItsServerAndCountedOnce) {
  const auto all_gone = under([](Rig& next) {
    for (Server& server : next.snapshot_.servers) server.incarnation = 2;
    next.rebuild();
  });
  expect(all_gone, {}, 3);
  expect(under([](Rig& next) {
           for (Server& server : next.snapshot_.servers) server.incarnation = 0;
           next.snapshot_.services[kNatTcp].incarnation = 0;
           next.rebuild();
         }),
         {kNatTcp}, 2);
  const auto drained = under([](Rig& next) {
    for (Server& server : next.snapshot_.servers) server.state = ServerState::kDraining;
    next.rebuild();
  });
  expect(drained, {});
}

TEST_F(Trials, WhatIsOverOrLostAlreadyIsNotCounted) {
  auto spec = to_vip(kNatV4);
  spec.tcp_flags = kRst;
  (void)rig_.send(spec);
  const auto counts = under([](Rig& next) {
    for (Service& service : next.snapshot_.services) service.incarnation = 0;
    next.rebuild();
  });
  EXPECT_EQ(counts.service_losses[kNatTcp], 0u);
  EXPECT_EQ(sum(counts.service_losses), 2u);
  // The list that refuses it is there; it ends when the sweep comes to it.
  rig_.guard_all({.deny = list("2001:db8:7::/48")});
  const auto refused = under([](Rig& next) { next.guard_all({.deny = list("::/0")}); });
  EXPECT_EQ(sum(refused.service_losses), 0u);
}

TEST_F(Trials, SeesAllOfALargeTableAFewARound) {
  for (std::uint16_t port = 42000; port < 42500; ++port) open(kNatV4, port);
  Trial trial(std::make_unique<Snapshot>(), rig_.snapshot_.services.size(),
              rig_.snapshot_.servers.size(), 2);
  int rounds = 0;
  while (trial.go_on(0, rig_.flows_, rig_.snapshot_, rig_.now_)) ++rounds;
  EXPECT_GE(rounds, 7);
  EXPECT_FALSE(trial.is_done()) << "the other worker has not looked";
  FlowTable empty(16);
  while (trial.go_on(1, empty, rig_.snapshot_, rig_.now_)) {
  }
  EXPECT_TRUE(trial.is_done());
  EXPECT_EQ(trial.counts().service_losses[kNatTcp], 501u);
}

}  // namespace
}  // namespace yoke::lb
