// SPDX-License-Identifier: Apache-2.0
// What becomes of connections to a server, as far as the unit sees both directions.
#include <gtest/gtest.h>

#include <ostream>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

using test::PacketSpec;

constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;
constexpr auto kPatience = static_cast<Tick>(kSynPatience.count());

struct Counted {
  std::uint64_t answered = 0, refused = 0, unanswered = 0, reset = 0;
  friend bool operator==(const Counted&, const Counted&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Counted& c) {
    return out << "answered " << c.answered << " refused " << c.refused << " unanswered "
               << c.unanswered << " reset " << c.reset;
  }
};

// Of all servers together.
Counted counted(const Rig& rig) {
  Counted sum;
  for (const ConnectionCounter& c : rig.counters_.connections) {
    sum.answered += c.answered.value();
    sum.refused += c.refused.value();
    sum.unanswered += c.unanswered.value();
    sum.reset += c.reset.value();
  }
  return sum;
}

PacketSpec from_client(const char* vip, std::uint8_t flags, std::uint16_t port = 40000) {
  PacketSpec spec = to_vip(vip, 6, port);
  spec.tcp_flags = flags;
  return spec;
}

class Connections : public ::testing::TestWithParam<const char*> {
 protected:
  Rig::Result syn() { return rig_.send(from_client(GetParam(), kTcpSyn)); }
  void data() { (void)rig_.send(from_client(GetParam(), kTcpAck)); }
  void answer(const Rig::Result& to, std::uint8_t flags) {
    (void)rig_.send(Rig::answer_to(to, flags), 1);
  }
  void sweep() { rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, 1000); }

  Rig rig_;
};
INSTANTIATE_TEST_SUITE_P(BothFamilies, Connections, ::testing::Values(kNatV4, kNatV6));

TEST_P(Connections, AnAnswerCountsOnceHoweverOftenItIsSent) {
  const auto sent = syn();
  EXPECT_EQ(counted(rig_), Counted{});
  answer(sent, kSynAck);
  answer(sent, kSynAck);
  data();
  answer(sent, kTcpAck);
  EXPECT_EQ(counted(rig_), (Counted{.answered = 1}));
}

TEST_P(Connections, ARstToTheSynIsARefusalAndLaterOnesOfItCountNoMore) {
  const auto sent = syn();
  answer(sent, kTcpRst | kTcpAck);
  EXPECT_EQ(counted(rig_), (Counted{.refused = 1}));
  answer(sent, kTcpRst | kTcpAck);
  data();  // a client that missed it
  answer(sent, kTcpRst);
  EXPECT_EQ(counted(rig_), (Counted{.refused = 1}));
}

TEST_P(Connections, ARstOfAConnectionThatWasTakenIsAResetOnce) {
  const auto sent = syn();
  answer(sent, kSynAck);
  data();
  answer(sent, kTcpRst);
  data();
  answer(sent, kTcpRst);
  EXPECT_EQ(counted(rig_), (Counted{.answered = 1, .reset = 1}));
}

TEST_P(Connections, AClientsRstSaysNothingOfTheServer) {
  const auto sent = syn();
  (void)rig_.send(from_client(GetParam(), kTcpRst));
  answer(sent, kTcpRst);
  EXPECT_EQ(counted(rig_), Counted{});
}

TEST_P(Connections, ARstBehindAFinIsTheWayServersClose) {
  const auto sent = syn();
  answer(sent, kSynAck);
  data();
  (void)rig_.send(from_client(GetParam(), kTcpFin | kTcpAck));
  answer(sent, kTcpRst);
  EXPECT_EQ(counted(rig_), (Counted{.answered = 1}));
}

TEST_P(Connections, ASynThatIsSentAgainWasNotAnswered) {
  (void)syn();
  for (int again = 0; again < 3; ++again) {
    rig_.now_ += 1000;
    (void)syn();
    EXPECT_EQ(counted(rig_), (Counted{.unanswered = 1})) << again;
  }
}

TEST_P(Connections, ASynSentTwiceAtOnceSpeaksAgainstNobody) {
  (void)syn();
  rig_.now_ += kPatience - 1;
  const auto sent = syn();
  EXPECT_EQ(counted(rig_), Counted{});
  answer(sent, kSynAck);
  rig_.now_ += kPatience;
  (void)syn();  // who floods with SYNs and takes no answer
  sweep();
  EXPECT_EQ(counted(rig_), (Counted{.answered = 1}));
}

TEST_P(Connections, ASynThatIsNeverSentAgainIsFoundByTheSweep) {
  (void)syn();
  rig_.now_ += kPatience - 1;
  sweep();
  EXPECT_EQ(counted(rig_), Counted{});
  rig_.now_ += 1;
  sweep();
  sweep();
  EXPECT_EQ(counted(rig_), (Counted{.unanswered = 1}));
  EXPECT_EQ(rig_.flows_.size(), 1U) << "it may still be answered";
}

TEST_P(Connections, AnAnswerThatComesLateCountsAsWell) {
  const auto sent = syn();
  rig_.now_ += kPatience;
  sweep();
  answer(sent, kSynAck);
  data();
  answer(sent, kTcpRst);
  EXPECT_EQ(counted(rig_), (Counted{.answered = 1, .unanswered = 1, .reset = 1}));
}

TEST_P(Connections, TheClockMayWrapWhileASynWaits) {
  rig_.now_ = 0U - 10;
  (void)syn();
  rig_.now_ += kPatience;
  sweep();
  EXPECT_EQ(counted(rig_), (Counted{.unanswered = 1}));
}

TEST_P(Connections, ASynWithoutAWayToItsServerIsUnanswered) {
  for (Server& server : rig_.snapshot_.servers) server.hop.resolved = false;
  (void)syn();
  (void)rig_.send(to_vip(GetParam(), 17));
  EXPECT_EQ(counted(rig_), (Counted{.unanswered = 1}));
}

TEST_P(Connections, WhatWaitsForAServerThatWasReplacedCountsForNobody) {
  (void)syn();
  for (Server& server : rig_.snapshot_.servers) server.incarnation = 2;
  rig_.now_ += kPatience;
  sweep();
  EXPECT_EQ(counted(rig_), Counted{});
  (void)syn();
  EXPECT_EQ(counted(rig_), Counted{});
}

TEST(ConnectionsInDsr, NothingIsCountedWhereAnswersAreNotSeen) {
  for (const char* vip : {kDsrV4, kDsrV6}) {
    Rig rig;
    for (int again = 0; again < 3; ++again) {
      (void)rig.send(from_client(vip, kTcpSyn));
      rig.now_ += 1000;
      rig.pipeline_.sweep(rig.snapshot_, rig.now_, kEveryGroup, 1000);
    }
    (void)rig.send(from_client(vip, kTcpRst));
    EXPECT_EQ(counted(rig), Counted{}) << vip;
  }
}

}  // namespace
}  // namespace yoke::lb
