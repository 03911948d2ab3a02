// SPDX-License-Identifier: Apache-2.0
// What the pipeline notes of its flows, and the sums of them.
#include "dataplane/lb/flow_journal.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

class Journal : public ::testing::Test {
 protected:
  explicit Journal(std::size_t notes = 64) : journal_(notes) {
    rig_.pipeline_.keep_journal(&journal_);
    set_duty(FlowDuty::kSend);
  }
  void set_duty(FlowDuty duty) {
    FlowDuties duties;
    duties.fill(duty);
    (void)journal_.set_duties(duties);
    clear_all();
  }
  void clear_all() {
    (void)rig_.flows_.scan(1, 2000, [&](Flow& flow) {
      journal_.clear(flow, rig_.now_);
      return true;
    });
    journal_.begin_counting();
  }
  Rig::Result send(const char* vip, std::uint8_t flags, std::uint16_t port = 40000,
                   std::uint8_t protocol = 6) {
    auto spec = to_vip(vip, protocol, port);
    spec.tcp_flags = flags;
    return rig_.send(spec);
  }
  void answer(const Rig::Result& to, std::uint8_t flags) {
    (void)rig_.send(Rig::answer_to(to, flags), 1);
  }
  // Kinds of the notes since the last call: a opened, c changed, e ended.
  std::string notes() {
    std::string kinds;
    for (const Flow& note : journal_.notes()) {
      kinds += note.in_use == 0 ? 'e' : note.counted != 0 ? 'c' : 'a';
    }
    journal_.clear_notes();
    return kinds;
  }
  // The digest made anew of what is in the table.
  [[nodiscard]] FlowDigest anew() {
    FlowDigest digest;
    (void)rig_.flows_.scan(1, 2000, [&](Flow& flow) {
      if (needs_record(flow)) digest.add(flow, stage_of(flow));
      return true;
    });
    return digest;
  }

  Rig rig_;
  FlowJournal journal_;
};

TEST_F(Journal, NotesAConnectionFromTheServersAnswerToItsEnd) {
  const auto syn = send(kNatV4, kTcpSyn);
  EXPECT_EQ(notes(), "");
  answer(syn, kTcpSyn | kTcpAck);
  EXPECT_EQ(notes(), "a");
  (void)send(kNatV4, kTcpAck);
  EXPECT_EQ(notes(), "c");
  for (int i = 0; i < 5; ++i) {
    (void)send(kNatV4, kTcpAck);
    answer(syn, kTcpAck);
  }
  EXPECT_EQ(notes(), "");
  (void)send(kNatV4, kTcpFin | kTcpAck);
  answer(syn, kTcpFin | kTcpAck);
  EXPECT_EQ(notes(), "cc");
  (void)send(kNatV4, kTcpSyn);  // anew, with the same ports
  EXPECT_EQ(notes(), "e");
  EXPECT_EQ(anew().sums(), FlowDigest{}.sums());
  EXPECT_EQ(journal_.sent().sums(), FlowDigest{}.sums());
}

TEST_F(Journal, NotesDatagramsOnceTheyAreAnswered) {
  const auto out = send(kNatV6, 0, 40000, 17);
  EXPECT_EQ(notes(), "");
  answer(out, 0);
  answer(out, 0);
  EXPECT_EQ(notes(), "a");
}

TEST_F(Journal, NotesOfDsrWhatTheTableDoesNotGive) {
  for (Service& service : rig_.snapshot_.services) service.scheduling = Scheduling::kRoundRobin;
  std::size_t diverted = 0;
  for (std::uint16_t port = 1; port <= 30; ++port) (void)send(kDsrV4, kTcpSyn, port);
  (void)rig_.flows_.scan(1, 2000, [&](Flow& flow) {
    diverted += flow.diverted;
    return true;
  });
  EXPECT_GT(diverted, 10U);
  EXPECT_LT(diverted, 30U);
  EXPECT_EQ(notes(), std::string(diverted, 'a'));
}

TEST_F(Journal, WithoutDutyNothingIsNoted) {
  set_duty(FlowDuty::kNone);
  answer(send(kNatV4, kTcpSyn), kTcpSyn | kTcpAck);
  EXPECT_EQ(notes(), "");
  EXPECT_EQ(journal_.sent().sums(), FlowDigest{}.sums());
}

TEST_F(Journal, SumsFollowWhateverHappens) {
  std::mt19937 random(3);
  std::vector<Rig::Result> talks;
  for (int i = 0; i < 3000; ++i) {
    const auto port = static_cast<std::uint16_t>(1 + random() % 300);
    const std::uint8_t flags[] = {kTcpSyn, kTcpAck, kTcpFin | kTcpAck, kTcpRst};
    const char* vips[] = {kNatV4, kNatV6, kDsrV4};
    const auto out = send(vips[random() % 3], flags[random() % 4], port, random() % 4 ? 6 : 17);
    if (out.verdict.action == Action::kForward) talks.push_back(out);
    if (!talks.empty() && random() % 2 == 0) {
      answer(talks[random() % talks.size()], flags[random() % 4] | kTcpAck);
    }
    if (random() % 500 == 0) {
      rig_.now_ += 250'000;
      rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, 500);
    }
    journal_.clear_notes();
    if (i % 100 == 0) {
      ASSERT_EQ(journal_.sent().sums(), anew().sums());
    }
  }
  EXPECT_NE(anew().sums(), FlowDigest{}.sums());
  // Counting begins anew with another duty.
  set_duty(FlowDuty::kReceive);
  EXPECT_EQ(journal_.sent().sums(), FlowDigest{}.sums());
  EXPECT_EQ(journal_.received().sums(), FlowDigest{}.sums());
}

class SmallJournal : public Journal {
 protected:
  SmallJournal() : Journal(3) {}
};

TEST_F(SmallJournal, WhatHasNoRoomIsMarked) {
  std::vector<Rig::Result> syns;
  for (std::uint16_t port = 1; port <= 5; ++port) syns.push_back(send(kNatV4, kTcpSyn, port));
  for (const auto& syn : syns) answer(syn, kTcpSyn | kTcpAck);
  BucketSet lost;
  std::size_t number = 0;
  (void)rig_.flows_.scan(1, 2000, [&](Flow& flow) {
    if (++number > 3) lost.add(bucket_of(flow));
    return true;
  });
  EXPECT_EQ(journal_.lost(), lost);
  EXPECT_EQ(notes(), "aaa");
  EXPECT_TRUE(journal_.lost().is_empty());
  EXPECT_EQ(journal_.sent().sums(), anew().sums());
}

}  // namespace
}  // namespace yoke::lb
