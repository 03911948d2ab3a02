// SPDX-License-Identifier: Apache-2.0
// A unit without the lease of a group: for its addresses nothing is forwarded, answered or passed
// on, and its flows are as they were when the lease comes back.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

using net::Drop;

constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;
constexpr std::uint8_t kBlue = 1;  // the group of the VIPs below; port 0's others are in group 0
const char* const kEveryVip[] = {kNatV4, kNatV6, kDsrV4, kDsrV6};
const char* const kNatVips[] = {kNatV4, kNatV6};

// All of the VIP's services move with the group `kBlue`.
void put_into_blue(Rig& rig, const std::string& vip) {
  for (Service& service : rig.snapshot_.services) {
    if (service.address == ip(vip)) service.group = kBlue;
  }
  rig.rebuild();
}

class WithoutALease : public ::testing::TestWithParam<const char*> {
 protected:
  WithoutALease() { put_into_blue(rig_, GetParam()); }
  void lose() { rig_.served_ = kEveryGroup & ~group_bit(kBlue); }
  void regain() { rig_.served_ = kEveryGroup; }
  [[nodiscard]] bool is_dropped(const Rig::Result& result) {
    return result.verdict.action == Action::kDrop && rig_.drops(Drop::kNoLease) == ++lost_;
  }
  [[nodiscard]] bool is_v4() const { return ip(GetParam()).is_v4(); }
  // Who has this address of the VIP's family?
  [[nodiscard]] test::Frame who_has(const std::string& address) const {
    auto spec = to_vip(address);
    spec.to_mac = is_v4() ? "ff:ff:ff:ff:ff:ff" : "33:33:ff:00:00:10";
    return is_v4() ? test::make_arp_request(spec) : test::make_neighbor_solicitation(spec);
  }

  Rig rig_;
  std::uint64_t lost_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Vips, WithoutALease, ::testing::ValuesIn(kEveryVip));

TEST_P(WithoutALease, NothingIsForwardedAndNoFlowIsOpened) {
  lose();
  for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
    EXPECT_TRUE(is_dropped(rig_.send(to_vip(GetParam(), protocol))));
  }
  EXPECT_EQ(rig_.flows_.size(), 0u);
  regain();
  EXPECT_EQ(rig_.send(to_vip(GetParam())).verdict.action, Action::kForward);
}

TEST_P(WithoutALease, AConnectionStopsAndGoesOnAsItWas) {
  const auto before = rig_.send(to_vip(GetParam()));
  ASSERT_EQ(before.verdict.action, Action::kForward);
  EXPECT_EQ(before.verdict.group, kBlue);
  auto data = to_vip(GetParam());
  data.tcp_flags = kTcpAck;
  lose();
  EXPECT_TRUE(is_dropped(rig_.send(data)));
  data.tcp_flags = kTcpRst;
  EXPECT_TRUE(is_dropped(rig_.send(data))) << "and it leaves no trace in the flow";
  EXPECT_EQ(rig_.flows_.size(), 1u);
  regain();
  data.tcp_flags = kTcpAck;
  const auto after = rig_.send(data);
  ASSERT_EQ(after.verdict.action, Action::kForward);
  EXPECT_EQ(after.destination_mac(), before.destination_mac());
  EXPECT_EQ(after.parsed().source_port, before.parsed().source_port);
}

TEST_P(WithoutALease, ArpNeighboursAndPingAreNeitherAnsweredNorTheKernels) {
  ASSERT_EQ(rig_.send(who_has(GetParam())).verdict.action, Action::kReply);
  EXPECT_EQ(rig_.send(who_has(GetParam())).verdict.group, kBlue);
  lose();
  EXPECT_TRUE(is_dropped(rig_.send(who_has(GetParam()))));
  EXPECT_TRUE(is_dropped(rig_.send(test::make_echo_request(to_vip(GetParam())))));
}

// The other unit takes over, or somebody has given himself our address.
TEST_P(WithoutALease, WhoClaimsAnAddressOfOursIsHeardOfByTheKernel) {
  if (!is_v4()) return;  // an unsolicited advertisement is for all nodes, and so the kernel's
  auto claim = to_vip(GetParam());
  claim.source = claim.destination;
  claim.to_mac = "ff:ff:ff:ff:ff:ff";
  auto probe = claim;
  probe.source = "0.0.0.0";
  for (const bool holds : {true, false}) {
    holds ? regain() : lose();
    EXPECT_EQ(rig_.send(test::make_arp_request(claim)).verdict.action, Action::kPunt) << holds;
  }
  regain();
  EXPECT_EQ(rig_.send(test::make_arp_request(probe)).verdict.action, Action::kReply)
      << "a question whether it is taken";
}

TEST_P(WithoutALease, OtherGroupsAndTheKernelsPacketsGoOn) {
  lose();
  for (const char* vip : kEveryVip) {
    if (std::string(vip) == GetParam()) continue;
    EXPECT_EQ(rig_.send(to_vip(vip)).verdict.action, Action::kForward) << vip;
  }
  EXPECT_EQ(rig_.send(to_vip("192.0.2.2")).verdict.action, Action::kPunt);
  EXPECT_EQ(rig_.drops(Drop::kNoLease), 0u);
}

TEST_P(WithoutALease, FlowsEndNoSoonerAndNoLater) {
  (void)rig_.send(to_vip(GetParam(), 17));
  lose();
  const auto sweep = [&](Tick later) {
    rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + later, rig_.served_, 1000);
    return rig_.flows_.size();
  };
  EXPECT_EQ(sweep(119'000), 1u);
  EXPECT_EQ(sweep(121'000), 0u);
}

class NatWithoutALease : public WithoutALease {};
INSTANTIATE_TEST_SUITE_P(Vips, NatWithoutALease, ::testing::ValuesIn(kNatVips));

TEST_P(NatWithoutALease, AServersAnswersAreDroppedAndTheFlowKeepsItsPlace) {
  for (Service& service : rig_.snapshot_.services) {
    if (service.group == kBlue) service.snat = {ip(is_v4() ? "10.0.0.200" : "2001:db8:2::200")};
  }
  rig_.rebuild();
  const auto forwarded = rig_.send(to_vip(GetParam()));
  const auto answer = Rig::answer_to(forwarded, kSynAck);
  EXPECT_NE(answer.destination, GetParam());
  lose();
  EXPECT_TRUE(is_dropped(rig_.send(answer, 1)));
  // The SNAT address is the group's as well.
  EXPECT_TRUE(is_dropped(rig_.send(who_has(answer.destination), 1)));
  regain();
  const auto answered = rig_.send(answer, 1);
  ASSERT_EQ(answered.verdict.action, Action::kForward);
  EXPECT_EQ(answered.verdict.group, kBlue);
  EXPECT_EQ(answered.parsed().source, ip(GetParam()));
}

// A SNAT address that a commit has given to another group, which may be the other unit's.
TEST_P(NatWithoutALease, AnAnswerLeavesUnderTheLeaseOfTheVipThatItComesFrom) {
  const auto forwarded = rig_.send(to_vip(GetParam()));
  std::vector<AddressTable::Row> rows;
  for (const char* vip : kEveryVip) rows.emplace_back(ip(vip), std::uint8_t{0});
  rig_.snapshot_.local_addresses = AddressTable(rig_.snapshot_.hash_key, rows);
  lose();
  EXPECT_TRUE(is_dropped(rig_.send(Rig::answer_to(forwarded, kSynAck), 1)));
}

// Nothing leaves from it under the old group's lease for longer than a turn of the sweep.
TEST_P(NatWithoutALease, AFlowEndsWhoseSnatAddressHasComeToAnotherGroup) {
  (void)rig_.send(to_vip(GetParam()));
  const auto sweep = [&] {
    ++rig_.snapshot_.lists_version;
    rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
    return rig_.flows_.size();
  };
  EXPECT_EQ(sweep(), 1u);
  std::vector<AddressTable::Row> rows;
  for (const char* vip : kEveryVip) rows.emplace_back(ip(vip), std::uint8_t{0});
  rig_.snapshot_.local_addresses = AddressTable(rig_.snapshot_.hash_key, rows);
  EXPECT_EQ(sweep(), 1u) << "both stand, and may share it";
  rig_.snapshot_.standing = 0;
  EXPECT_EQ(sweep(), 0u);
}

// While it is held for the peer the sweep leaves it alone; once it is ours, it is looked at again.
TEST_P(NatWithoutALease, AFlowEndsThatWasHeldAsItsSnatAddressWentAway) {
  FlowJournal journal(64);
  rig_.pipeline_.keep_journal(&journal);
  const auto take = [&](FlowDuty duty) {
    FlowDuties duties;
    duties.fill(duty);
    (void)journal.set_duties(duties);
    journal.begin_counting();
  };
  const auto sweep = [&] {
    rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
    return rig_.flows_.size();
  };
  take(FlowDuty::kReceive);
  (void)rig_.send(to_vip(GetParam()));
  std::vector<AddressTable::Row> rows;
  for (const char* vip : kEveryVip) rows.emplace_back(ip(vip), std::uint8_t{0});
  rig_.snapshot_.local_addresses = AddressTable(rig_.snapshot_.hash_key, rows);
  rig_.snapshot_.standing = 0;
  ++rig_.snapshot_.lists_version;
  EXPECT_EQ(sweep(), 1u);
  EXPECT_EQ(sweep(), 1u);
  take(FlowDuty::kSend);
  EXPECT_EQ(sweep(), 0u);
}

// A commit takes a SNAT address away, and the next one brings it back.
TEST_P(NatWithoutALease, AFlowGoesOnWhoseSnatAddressNobodyHas) {
  for (Service& service : rig_.snapshot_.services) {
    if (service.group == kBlue) service.snat = {ip(is_v4() ? "10.0.0.200" : "2001:db8:2::200")};
  }
  rig_.rebuild();
  const auto answer = Rig::answer_to(rig_.send(to_vip(GetParam())), kSynAck);
  const AddressTable before = rig_.snapshot_.local_addresses;
  std::vector<AddressTable::Row> rows;
  for (const char* vip : kEveryVip) {
    rows.emplace_back(ip(vip), ip(vip) == ip(GetParam()) ? kBlue : std::uint8_t{0});
  }
  for (const GroupSet standing : {kEveryGroup, kEveryGroup & ~group_bit(kBlue), GroupSet{0}}) {
    rig_.snapshot_.standing = standing;
    rig_.snapshot_.local_addresses = AddressTable(rig_.snapshot_.hash_key, rows);
    ++rig_.snapshot_.lists_version;
    rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
    EXPECT_EQ(rig_.flows_.size(), 1u) << standing;
  }
  rig_.snapshot_.local_addresses = before;
  EXPECT_EQ(rig_.send(answer, 1).verdict.action, Action::kForward);
}

std::uint64_t unanswered(const Rig& rig) {
  std::uint64_t sum = 0;
  for (const ConnectionCounter& c : rig.counters_.connections) sum += c.unanswered.value();
  return sum;
}

// Its answer may have come, and been dropped.
TEST_P(NatWithoutALease, NoServerIsBlamedForASynWithoutAnAnswer) {
  (void)rig_.send(to_vip(GetParam()));
  lose();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 600, rig_.served_, 1000);
  regain();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 700, rig_.served_, 1000);
  EXPECT_EQ(unanswered(rig_), 0u);
}

// A lapse of milliseconds, long over when the SYN has waited for long enough; and one so short that
// only what was to be sent met it.
TEST_P(NatWithoutALease, NorIsOneForALapseThatIsOver) {
  (void)rig_.send(to_vip(GetParam()));
  lose();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 10, rig_.served_, 0);
  regain();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 20, rig_.served_, 0);
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 600, rig_.served_, 1000);
  EXPECT_EQ(unanswered(rig_), 0u);

  rig_.now_ += 1000;
  auto other = to_vip(GetParam());
  other.source_port = 40001;
  (void)rig_.send(other);
  rig_.pipeline_.note_lapse(group_bit(kBlue), rig_.now_ + 5);
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 600, rig_.served_, 1000);
  EXPECT_EQ(unanswered(rig_), 0u);

  rig_.now_ += 1000;
  other.source_port = 40002;
  (void)rig_.send(other);
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_ + 600, rig_.served_, 1000);
  EXPECT_EQ(unanswered(rig_), 1u) << "under a lease that held";
}

// A group that was handed over, or taken over, a moment ago.
class GroupThatMoves : public WithoutALease {
 protected:
  GroupThatMoves() { lose(); }
  Verdict decide(test::Frame frame, bool is_stray = false, bool may_wait = true,
                 std::uint8_t port = 0) {
    const Packet packet{.data = frame.data(),
                        .length = static_cast<std::uint16_t>(frame.size()),
                        .port = port,
                        .is_stray = is_stray,
                        .may_wait = may_wait};
    Verdict verdict;
    roles_.served = rig_.served_;
    rig_.pipeline_.process({&packet, 1}, {&verdict, 1}, rig_.snapshot_, rig_.now_, roles_);
    return verdict;
  }
  Verdict decide(const test::PacketSpec& spec, bool is_stray = false, bool may_wait = true) {
    return decide(test::make_packet(spec), is_stray, may_wait);
  }

  GroupRoles roles_{0};
};
INSTANTIATE_TEST_SUITE_P(Vips, GroupThatMoves, ::testing::ValuesIn(kEveryVip));

TEST_P(GroupThatMoves, PacketsAreSentOnWithTheFlowThatTheyAreOf) {
  regain();
  const auto opened = rig_.send(to_vip(GetParam()));
  lose();
  roles_.redirected = group_bit(kBlue);
  const auto known = decide(to_vip(GetParam()));
  EXPECT_EQ(known.action, Action::kRedirect);
  ASSERT_NE(known.flow, nullptr);
  EXPECT_EQ(known.flow->client_port.host(), to_vip(GetParam()).source_port);
  auto other = to_vip(GetParam());
  other.source_port = 999;
  EXPECT_EQ(decide(other).action, Action::kRedirect);
  EXPECT_EQ(decide(other).flow, nullptr);
  EXPECT_EQ(rig_.flows_.size(), 1U) << "nothing is opened";
  if (opened.parsed().destination == ip(GetParam())) return;  // dsr: answers do not come here
  const auto answer = decide(test::make_packet(Rig::answer_to(opened, kSynAck)), false, true, 1);
  EXPECT_EQ(answer.action, Action::kRedirect);
  EXPECT_EQ(answer.flow, known.flow);
}

TEST_P(GroupThatMoves, QuestionsOfHostsAreNotSentOn) {
  roles_.redirected = group_bit(kBlue);
  EXPECT_EQ(decide(who_has(GetParam())).action, Action::kDrop);
  EXPECT_EQ(rig_.drops(Drop::kNoLease), 1U);
}

TEST_P(GroupThatMoves, AStrayWaitsForTheLeaseAndIsNeverSentOnAgain) {
  roles_.redirected = group_bit(kBlue);
  EXPECT_EQ(decide(to_vip(GetParam()), true).action, Action::kWait);
  EXPECT_EQ(decide(to_vip(GetParam()), true, false).action, Action::kDrop);
  EXPECT_EQ(rig_.drops(Drop::kNoLease), 1U);
  regain();
  EXPECT_EQ(decide(to_vip(GetParam()), true).action, Action::kForward);
}

TEST_P(GroupThatMoves, WhatHasNoFlowYetWaitsWhereOneMayCome) {
  regain();
  auto late = to_vip(GetParam());
  late.tcp_flags = kTcpAck;
  roles_.settling = group_bit(kBlue);
  const bool is_nat = std::string(GetParam()) == kNatV4 || std::string(GetParam()) == kNatV6;
  EXPECT_EQ(decide(late).action, is_nat ? Action::kWait : Action::kForward);
  if (!is_nat) return;
  EXPECT_EQ(decide(late, false, false).action, Action::kDrop);
  EXPECT_EQ(rig_.drops(Drop::kNoFlow), 1U);
  roles_.settling = 0;
  EXPECT_EQ(decide(late).action, Action::kDrop);
}

// The client's port may have come to another connection, of which the other unit knows.
TEST_P(GroupThatMoves, WhatComesForAConnectionThatIsOverWaitsWhereAnotherMayCome) {
  regain();
  (void)rig_.send(to_vip(GetParam()));
  auto reset = to_vip(GetParam());
  reset.tcp_flags = kTcpRst;
  (void)rig_.send(reset);
  auto next = to_vip(GetParam());
  next.tcp_flags = kTcpAck;
  roles_.settling = group_bit(kBlue);
  EXPECT_EQ(decide(next).action, Action::kWait);
  EXPECT_EQ(decide(reset).action, Action::kForward);
  EXPECT_EQ(decide(next, false, false).action, Action::kForward) << "nothing has come";
  roles_.settling = 0;
  EXPECT_EQ(decide(next).action, Action::kForward);
}

}  // namespace
}  // namespace yoke::lb
