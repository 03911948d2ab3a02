// SPDX-License-Identifier: Apache-2.0
// Two units on a bench, whose stores always work; what goes wrong is tests/sim's.
#include "mgmt/replication/replicator.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/replication/codec.h"
#include "mgmt/replication/rules.h"

namespace yoke::replication {
namespace {

using namespace std::chrono_literals;

class Replicator : public ::testing::Test {
 protected:
  struct Box {
    replication::Setup setup;
    State state;
    std::vector<Answer> answers;
    std::vector<CarryAnswer> carried;
    std::vector<Carried> wanted;
    std::vector<Task> tasks;
    std::vector<AlarmChange> alarms;
    std::vector<Revision> revisions;  // to supply
  };

  Replicator() {
    for (auto& unit : units) unit.setup.rules = &kRules;
    for (unsigned i = 0; i < 2; ++i) give(i, Start{100U + i, {}, {}});
    pass(1s);
    give(0, Elected{true, 1});
    give(1, Elected{false, 1});
    pass(1s);
  }

  void give(unsigned index, const Event& event) {
    Box& unit = units[index];
    for (const auto& action : step(unit.setup, unit.state, event, now)) {
      if (const auto* sent = std::get_if<Send>(&action)) {
        if (connected) letters.emplace_back(1 - index, sent->letter);
      } else if (const auto* task = std::get_if<Persist>(&action)) {
        unit.tasks.push_back(task->task);
        todo.push_back(index);
      } else if (const auto* answer = std::get_if<Answer>(&action)) {
        unit.answers.push_back(*answer);
      } else if (const auto* outcome = std::get_if<CarryAnswer>(&action)) {
        unit.carried.push_back(*outcome);
      } else if (const auto* wanted = std::get_if<Carried>(&action)) {
        unit.wanted.push_back(*wanted);
      } else if (const auto* alarm = std::get_if<AlarmChange>(&action)) {
        unit.alarms.push_back(*alarm);
      } else if (const auto* look = std::get_if<Look>(&action)) {
        found.push_back({index, Found{look->number, supply(unit, *look)}});
      }
    }
  }

  static std::string supply(const Box& unit, const Look& look) {
    for (const Revision& revision : unit.revisions) {
      if (!look.whole && revision.parent == look.from) return encode(Supply(revision));
    }
    Snapshot all;
    all.position = unit.state.tip();
    for (const Position& at : unit.state.chain) all.marks.push_back({at.revision, at.hash});
    all.document = "all";
    return encode(Supply(all));
  }

  void pass(MonoTime::duration span) {
    for (const MonoTime end = now + span; now < end; now += 5ms) {
      for (unsigned i = 0; i < 2; ++i) {
        if (wake_at(units[i].setup, units[i].state) <= now) give(i, Tick{});
      }
      while (!letters.empty() || !todo.empty() || !found.empty()) {
        if (!letters.empty()) {
          const auto [to, letter] = letters.front();
          letters.pop_front();
          give(to, Heard{letter});
        } else if (!todo.empty()) {
          const unsigned unit = todo.front();
          todo.pop_front();
          give(unit, Persisted{disk_works});
        } else {
          const auto next = found.front();
          found.pop_front();
          give(next.first, next.second);
        }
      }
    }
  }
  Revision next_of(unsigned index, Epoch epoch = 1, std::uint8_t mark = 1) {
    const Position parent = units[index].state.tip();
    Position position{epoch, parent.revision + 1, parent.hash, 0};
    position.hash[parent.revision % 32] = mark;
    return {parent, position, "info", "changes"};
  }
  Revision commit(unsigned index, Epoch epoch = 1, std::uint8_t mark = 1) {
    const Revision revision = next_of(index, epoch, mark);
    units[index].revisions.push_back(revision);
    give(index, Commit{++numbers, revision});
    return revision;
  }
  [[nodiscard]] Answer last(unsigned index) const { return units[index].answers.back(); }

  std::array<Box, 2> units;
  std::deque<std::pair<unsigned, Letter>> letters;
  std::deque<unsigned> todo;
  std::deque<std::pair<unsigned, Found>> found;
  MonoTime now{1h};
  bool connected = true;
  bool disk_works = true;
  std::uint64_t numbers = 0;
};

TEST_F(Replicator, ACommitIsOnTheStandbysDiskBeforeTheWritersAndOnBothInTheEnd) {
  const auto revision = commit(0);
  EXPECT_TRUE(units[0].tasks.empty());
  pass(100ms);
  ASSERT_EQ(units[0].answers.size(), 1U);
  EXPECT_EQ(last(0).outcome, Outcome::kReplicated);
  ASSERT_EQ(units[1].tasks.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<KeepTentative>(units[1].tasks[0]));
  EXPECT_TRUE(std::holds_alternative<FinishTentative>(units[1].tasks[1]));
  EXPECT_EQ(units[1].state.tip(), revision.position);
  EXPECT_TRUE(is_in_sync(units[0].setup, units[0].state, now));
}

TEST_F(Replicator, AloneItIsAcceptedAndAlarmedUntilThePeerHasIt) {
  connected = false;
  commit(0);
  pass(3s);
  EXPECT_EQ(last(0).outcome, Outcome::kAlone);
  ASSERT_EQ(units[0].alarms.size(), 1U);
  EXPECT_TRUE(units[0].alarms[0].on);
  connected = true;
  pass(2s);
  EXPECT_EQ(units[1].state.tip(), units[0].state.tip());
  ASSERT_EQ(units[0].alarms.size(), 2U);
  EXPECT_FALSE(units[0].alarms[1].on);
}

TEST_F(Replicator, AloneItIsRefusedWhereThatIsConfigured) {
  units[0].setup.alone = Alone::kRefuse;
  connected = false;
  pass(2s);
  commit(0);
  EXPECT_EQ(last(0).outcome, Outcome::kRefused);
  EXPECT_EQ(last(0).reason, Reason::kAlone);
}

// What was sent may have arrived.
TEST_F(Replicator, GivenUpAfterItWasSentItIsUnknown) {
  units[0].setup.alone = Alone::kRefuse;
  commit(0);
  letters.clear();
  connected = false;
  pass(3s);
  EXPECT_EQ(last(0).outcome, Outcome::kUnknown);
  EXPECT_EQ(units[0].state.tip().revision, 0U);
}

TEST_F(Replicator, TheStandbyDoesNotCommit) {
  commit(1);
  EXPECT_EQ(last(1).outcome, Outcome::kRefused);
  EXPECT_EQ(last(1).reason, Reason::kNotWriter);
}

TEST_F(Replicator, WhatIsTentativeIsKeptByWhoTakesOver) {
  const auto revision = commit(0);
  const Tentative held{revision, 100, 1};
  give(1, Start{201, {}, held});
  EXPECT_EQ(units[1].state.tip().revision, 0U);
  give(1, Elected{true, 3});
  ASSERT_FALSE(units[1].tasks.empty());
  EXPECT_TRUE(std::holds_alternative<FinishTentative>(units[1].tasks.back()));
}

TEST_F(Replicator, TheHigherEpochStaysAndTheOtherIsPutAside) {
  commit(0);
  pass(1s);
  connected = false;
  commit(0, 1, 2);
  give(1, Elected{true, 3});
  commit(1, 3, 3);
  pass(3s);
  commit(1, 3, 3);
  pass(3s);
  connected = true;
  pass(3s);
  EXPECT_EQ(units[0].state.tip(), units[1].state.tip());
  EXPECT_EQ(units[0].state.tip().epoch, 3U);
  const auto* adopt = std::get_if<Adopt>(&units[0].tasks.back());
  ASSERT_NE(adopt, nullptr);
  EXPECT_TRUE(adopt->as_branch);
  EXPECT_EQ(adopt->common, 1U);
  EXPECT_EQ(units[0].alarms.back().alarm, Alarm::kUnreplicated);
  EXPECT_NE(units[0].state.alarms & 2U, 0U);
}

TEST_F(Replicator, ACommitTypedOnTheStandbyIsMadeOnceByTheWriter) {
  give(1, Carry{9, "set pool web"});
  pass(200ms);
  ASSERT_EQ(units[0].wanted.size(), 1U);
  EXPECT_EQ(units[0].wanted[0].body, "set pool web");
  give(0, CarriedDone{units[0].wanted[0].boot, units[0].wanted[0].number, "revision 1"});
  pass(200ms);
  ASSERT_EQ(units[1].carried.size(), 1U);
  EXPECT_EQ(units[1].carried[0].how, CarryAnswer::How::kAnswered);
  EXPECT_EQ(units[1].carried[0].body, "revision 1");
}

TEST_F(Replicator, ACarriedCommitWithoutAnAnswerIsUnknownAndWithoutAWriterRefused) {
  give(1, Carry{9, "set pool web"});
  pass(21s);  // before the CLI has given up, which waits 30 s
  ASSERT_FALSE(units[1].carried.empty());
  EXPECT_EQ(units[1].carried.back().how, CarryAnswer::How::kUnknown);
  give(0, Elected{false, 4});
  pass(1s);
  give(1, Carry{10, "set pool web"});
  EXPECT_EQ(units[1].carried.back().how, CarryAnswer::How::kRefused);
}

TEST_F(Replicator, WhoIsFarBehindGetsAllAtOnce) {
  connected = false;
  pass(2s);
  for (int i = 0; i < 70; ++i) {
    commit(0);
    pass(10ms);
  }
  connected = true;
  pass(3s);
  EXPECT_EQ(units[1].state.tip(), units[0].state.tip());
  EXPECT_EQ(units[1].tasks.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Adopt>(units[1].tasks[0]));
}

TEST_F(Replicator, GarbageChangesNothing) {
  const State before = units[1].state;
  give(1, Heard{{100, 999, Committed{}}});
  give(1, Heard{{55, 101, Accepted{1, {}}}});
  give(1, Heard{{0, 101, Hello{}}});
  give(1, Heard{{100, 101, Part{Stream::kPrepare, 7, 5, 0, "xxxxx"}}});
  give(1, Heard{{100, 101, Part{Stream::kSupply, 7, 5, 0, "xxxxx"}}});
  give(1, Persisted{true});
  give(1, Found{});
  EXPECT_EQ(units[1].state.tip(), before.tip());
  EXPECT_EQ(units[1].state.epoch, before.epoch);
  EXPECT_TRUE(units[1].tasks.empty());
}

}  // namespace
}  // namespace yoke::replication
