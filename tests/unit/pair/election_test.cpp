// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "tests/unit/pair/bench.h"

namespace yoke::pair {
namespace {

class Election : public Bench {};

// Where from, what happens, where to and why: every transition but those of a handoff.
TEST_F(Election, FollowsItsTable) {
  struct Row {
    Role from;
    std::function<void(Election&)> get_there;
    std::function<void(Election&)> happens;
    Role to;
    Reason reason;
  };
  const auto started = [](Election& t) { t.start(); };
  const auto standby = [](Election& t) { t.become_standby(); };
  const auto active = [](Election& t) { t.become_active(); };
  const auto alone = [](Election& t) { t.become_active(), t.pass(milliseconds(20)); };
  const auto candidate = [](Election& t) { t.become_standby(), t.pass(milliseconds(31)); };
  const auto syncing = [](Election& t) {
    t.tracking.ready = false;
    t.start();
    t.hear(t.heartbeat(Role::kActive, 3));
  };
  const auto aside = [](Election& t) {
    t.become_standby(), t.give(Command{Command::What::kMaintenance});
  };
  const auto linkless = [](Election& t) {
    t.become_standby(), t.tracking.data_link = false, t.track();
  };
  const auto held = [](Election& t) {
    t.become_standby();
    t.state.held_until = t.now + milliseconds(100);
    t.give(Tick{});
  };
  const std::vector<Row> table{
      {Role::kInit, [](Election&) {}, started, Role::kListen, Reason::kStarted},
      {Role::kListen, started, [](Election& t) { t.hear(t.heartbeat(Role::kActive, 3)); },
       Role::kStandby, Reason::kPeerHolds},
      {Role::kListen, started, [](Election& t) { t.pass(milliseconds(3055)); }, Role::kActive,
       Reason::kNoAnswer},
      {Role::kListen, started,
       [](Election& t) {
         t.peer_rank = able();
         t.peer_rank.config.revision = 5;  // it knows more: it goes first
         t.pass_with_peer(milliseconds(40), Role::kListen, 0);
       },
       Role::kStandby, Reason::kPeerFound},
      {Role::kSyncing, syncing, [](Election& t) { t.tracking.ready = true, t.track(); },
       Role::kStandby, Reason::kInSync},
      {Role::kStandby, standby, [](Election& t) { t.tracking.ready = false, t.track(); },
       Role::kSyncing, Reason::kNotInSync},
      {Role::kStandby, standby, [](Election& t) { t.pass(milliseconds(31)); }, Role::kCandidate,
       Reason::kPeerSilent},
      {Role::kStandby, standby,
       [](Election& t) {
         t.hear(Resign{1, 3, 0});
       },
       Role::kCandidate, Reason::kPeerResigned},
      {Role::kStandby, standby, [](Election& t) { t.tracking.data_link = false, t.track(); },
       Role::kNotEligible, Reason::kDataLinkDown},
      {Role::kStandby, standby, [](Election& t) { t.tracking.able = false, t.track(); },
       Role::kNotEligible, Reason::kTrackingFailed},
      {Role::kStandby, standby,
       [](Election& t) {
         t.give(Heard{Sender{Unit::kA, 8}, Channel::kData, t.heartbeat(Role::kStandby, 0)});
       },
       Role::kNotEligible, Reason::kDuplicateUnit},
      {Role::kStandby, standby, [](Election& t) { t.give(Command{Command::What::kMaintenance}); },
       Role::kMaintenance, Reason::kMaintenance},
      {Role::kCandidate, candidate, [](Election& t) { t.pass(milliseconds(5)); }, Role::kActive,
       Reason::kNoAnswer},
      {Role::kCandidate, candidate,
       [](Election& t) {
         t.hear_on_vips(ProbeReply{1, 3});
       },
       Role::kStandby, Reason::kProbeAnswered},
      {Role::kCandidate, candidate, [](Election& t) { t.hear(t.heartbeat(Role::kActive, 3)); },
       Role::kStandby, Reason::kPeerHolds},
      {Role::kCandidate, candidate,
       [](Election& t) {
         t.hear_on_vips(Probe{1, true, 3, able()});
       },
       Role::kStandby, Reason::kPeerHolds},
      {Role::kCandidate, candidate,
       [](Election& t) {
         Rank better = able();
         better.config.revision = 5;
         t.hear_on_vips(Probe{1, false, 5, better});
       },
       Role::kStandby, Reason::kOutranked},
      {Role::kCandidate, candidate, [](Election& t) { t.give(ForeignSeen{true}); }, Role::kStandby,
       Reason::kForeignClaim},
      {Role::kCandidate, candidate,
       [](Election& t) {
         t.peer_rank = able();  // it is there, and neither agrees nor objects
         for (int i = 0; i < 12; ++i) {
           t.hear(Ack{1, 1, Stamp{}});
           t.pass(milliseconds(5));
         }
       },
       Role::kStandby, Reason::kNoGrant},
      {Role::kActive, active, [](Election& t) { t.pass(milliseconds(20)); }, Role::kAlone,
       Reason::kPeerSilent},
      {Role::kActive, active,
       [](Election& t) {  // heard, but it does not hear
         for (int i = 0; i < 5; ++i) {
           t.hear(t.heartbeat(Role::kStandby, t.state.lease.epoch));
           t.pass(milliseconds(5));
         }
       },
       Role::kStandby, Reason::kLeaseLapsed},
      {Role::kActive, active,
       [](Election& t) { t.hear(t.heartbeat(Role::kAlone, t.state.lease.epoch + 1)); },
       Role::kStandby, Reason::kHigherEpoch},
      {Role::kActive, active, [](Election& t) { t.tracking.data_link = false, t.track(); },
       Role::kNotEligible, Reason::kDataLinkDown},
      {Role::kActive, active,
       [](Election& t) { t.hear(t.heartbeat(Role::kStandby, t.state.lease.epoch + 7)); },
       Role::kActive, Reason::kEpochRaised},
      {Role::kActive, active,
       [](Election& t) {
         t.give(Command{Command::What::kMaintenance, true});
       },
       Role::kMaintenance, Reason::kMaintenance},
      {Role::kActive, active, [](Election& t) { t.give(Command{Command::What::kShutdown}); },
       Role::kInit, Reason::kShutdown},
      {Role::kAlone, alone,
       [](Election& t) {
         t.hear(Ack{1, t.state.lease.epoch, stamp(t.now - milliseconds(1))});
       },
       Role::kActive, Reason::kPeerAcks},
      {Role::kMaintenance, aside, [](Election& t) { t.give(Command{Command::What::kResume}); },
       Role::kStandby, Reason::kResumed},
      {Role::kMaintenance, aside, [](Election& t) { t.pass(milliseconds(500)); },
       Role::kMaintenance, Reason::kMaintenance},
      {Role::kNotEligible, linkless, [](Election& t) { t.tracking.data_link = true, t.track(); },
       Role::kStandby, Reason::kTrackingWell},
      {Role::kNotEligible, linkless, [](Election& t) { t.pass(milliseconds(500)); },
       Role::kNotEligible, Reason::kDataLinkDown},
      {Role::kHeld, held,
       [](Election& t) { t.pass_with_peer(milliseconds(110), Role::kActive, 3); }, Role::kStandby,
       Reason::kFlapOver},
      {Role::kHeld, held, [](Election& t) { t.pass(milliseconds(38)); }, Role::kActive,
       Reason::kNoAnswer},
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row& row = table[i];
    SCOPED_TRACE(::testing::Message() << "row " << i << ": " << name(row.from) << " -> "
                                      << name(row.to) << ", " << meaning(row.reason).code);
    state = State{};
    history.clear();
    peer_rank = Rank{};
    tracking.data_link = tracking.able = tracking.ready = true;
    row.get_there(*this);
    ASSERT_EQ(name(state.role), name(row.from));
    row.happens(*this);
    EXPECT_EQ(name(state.role), name(row.to));
    EXPECT_EQ(meaning(last_reason()).code, meaning(row.reason).code);
  }
}

// The peer knows it by its boot, and takes for old what is numbered lower than before.
TEST_F(Election, AGroupThatComesBackInOneProcessIsNewerThanAllItSaid) {
  become_active();
  pass(std::chrono::minutes(1));
  const auto last = state.seq;
  give(Command{Command::What::kRemove});
  now += std::chrono::seconds(2);
  start();
  EXPECT_GT(state.seq, last);
}

TEST_F(Election, WhoEndsSaysThatItCannot) {
  become_active();
  const auto actions = give(Command{Command::What::kShutdown});
  const Heartbeat* last = nullptr;
  for (const Action& action : actions) {
    const auto* send = std::get_if<Send>(&action);
    if (send == nullptr) continue;
    if (const auto* beat = std::get_if<Heartbeat>(&send->message)) last = beat;
  }
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->role, Role::kInit);
  EXPECT_FALSE(last->rank.eligible) << "or the peer waits until it is silent";
}

TEST_F(Election, APeerThatEndsIsNotWaitedFor) {
  become_standby();
  hear(Resign{1, 3, 0});
  Heartbeat last = heartbeat(Role::kInit, 3);
  last.rank.eligible = false;
  hear(last);
  pass(probe_round(setup.timers) + milliseconds(1));
  EXPECT_TRUE(is_holder(state.role));
}

// It may be of before the probe: frames are late, or a process stood still and reads its sockets
// one after the other.
TEST_F(Election, AResignEndsThePromiseItIsForAndNoWaitThatCameAfterIt) {
  become_standby();
  now = state.promise.until;
  hear_on_vips(Probe{1, false, 5, able()});
  hear(Resign{1, 3, 0});
  EXPECT_EQ(state.role, Role::kStandby);
  pass(setup.timers.dead - milliseconds(1));
  EXPECT_EQ(state.role, Role::kStandby);
  pass(milliseconds(2));
  EXPECT_EQ(state.role, Role::kCandidate);
}

// The last burst of whoever lets go is out before a candidate claims.
TEST_F(Election, WhoNeverHeardItsPeerAsksForAsLongAsTheLongestBurst) {
  start();
  pass(setup.timers.boot_hold);
  ASSERT_EQ(state.role, Role::kCandidate);
  pass(kLongestBurst - milliseconds(1));
  EXPECT_EQ(state.role, Role::kCandidate);
  pass(milliseconds(5));
  EXPECT_TRUE(is_holder(state.role));
}

TEST_F(Election, TheBurstOfAPeerWithSlowerTimersIsWaitedForToo) {
  become_standby();
  const Timers slow = *profile("default");
  const auto us = [](Span span) { return static_cast<std::uint32_t>(span.count() / 1000); };
  Heartbeat last = heartbeat(Role::kNotEligible, 3);
  last.pace = us(slow.heartbeat);
  last.lease = us(slow.lease);
  last.dead = us(slow.dead);
  hear(Resign{1, 3, 0});
  hear(last);
  ASSERT_EQ(state.role, Role::kCandidate);
  pass(slow.dead - slow.lease - milliseconds(1));
  EXPECT_EQ(state.role, Role::kCandidate);
  pass(milliseconds(5));
  EXPECT_TRUE(is_holder(state.role));
}

TEST_F(Election, AnAcknowledgedHeartbeatGivesTheLeaseFromItsSending) {
  become_active();
  const MonoTime sent_at = now - milliseconds(3);
  hear(Ack{1, state.lease.epoch, stamp(sent_at)});
  EXPECT_EQ(state.lease.until, sent_at + setup.timers.lease);
}

TEST_F(Election, WhatTellsOfAnotherEpochOrOfTheFutureRenewsNothing) {
  become_active();
  const MonoTime until = state.lease.until;
  now += milliseconds(2);
  hear(Ack{1, state.lease.epoch - 2, stamp(now)});
  hear(Ack{1, state.lease.epoch, stamp(now + milliseconds(50))});
  EXPECT_EQ(state.lease.until, until);
}

TEST_F(Election, ALapsedLeaseIsNotRevivedByAnAckThatComesLate) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  now = state.lease.until + milliseconds(1);
  const auto actions = hear(Ack{1, epoch, stamp(now - milliseconds(1))});
  EXPECT_FALSE(is_holder(state.role));
  ASSERT_NE(done<SetLease>(actions), nullptr);
  EXPECT_EQ(done<SetLease>(actions)->lease.until, kLongAgo);
}

TEST_F(Election, TheLeaseIsTakenBackBeforeAnybodyIsTold) {
  become_active();
  tracking.data_link = false;
  const auto actions = track();
  bool revoked = false;
  for (const auto& action : actions) {
    if (const auto* lease = std::get_if<SetLease>(&action)) {
      revoked = lease->lease.until == kLongAgo;
    }
    const auto* send = std::get_if<Send>(&action);
    if (send == nullptr || !std::holds_alternative<Resign>(send->message)) continue;
    EXPECT_TRUE(revoked);
  }
  EXPECT_NE(sent<Resign>(actions), nullptr);
}

TEST_F(Election, AStandbyThatAcknowledgedWaitsDeadBeforeItStands) {
  become_standby();
  pass(setup.timers.restart_hold - setup.timers.dead);
  const auto actions = hear(heartbeat(Role::kActive, 3));
  ASSERT_NE(sent<Ack>(actions), nullptr);
  EXPECT_EQ(sent<Ack>(actions)->epoch, 3U);
  pass(setup.timers.dead - milliseconds(1));
  EXPECT_EQ(state.role, Role::kStandby);
  pass(milliseconds(2));
  EXPECT_EQ(state.role, Role::kCandidate);
}

TEST_F(Election, AResignOfAnEarlierEpochTakesNothingBack) {
  become_standby();
  hear(heartbeat(Role::kActive, 7));
  hear(Resign{1, 3, 0});
  EXPECT_EQ(state.role, Role::kStandby);
}

TEST_F(Election, AnOldHeartbeatThatComesAgainIsNoNews) {
  become_standby();
  Heartbeat old = heartbeat(Role::kStandby, 3);
  hear(heartbeat(Role::kActive, 3));
  hear(old);
  pass(milliseconds(1));
  EXPECT_EQ(state.role, Role::kStandby);
}

TEST_F(Election, NoUnitStandsWithoutAnEpochOnDisk) {
  track();
  give(Start{kBoot, false, 64, false});
  hear(heartbeat(Role::kActive, 3));
  pass(milliseconds(200));
  EXPECT_EQ(state.role, Role::kStandby);
  EXPECT_NE(state.alarms & (1U << static_cast<unsigned>(Alarm::kEpochShort)), 0);
  give(EpochReserved{129});
  pass(milliseconds(10));
  EXPECT_EQ(state.role, Role::kActive);
  EXPECT_GT(state.lease.epoch, 64U);  // those before may have been claimed before the start
  EXPECT_EQ(state.lease.epoch & 1U, 0U);
}

TEST_F(Election, EpochsAreReservedAheadOfNeed) {
  track();
  const auto actions = give(Start{kBoot, false, 0, false});
  ASSERT_NE(done<ReserveEpoch>(actions), nullptr);
  EXPECT_GE(done<ReserveEpoch>(actions)->up_to, 32U);
}

TEST_F(Election, AThirdLossWithinTheWindowHoldsTheUnitDown) {
  become_active();
  for (int loss = 1; loss <= 3; ++loss) {
    ASSERT_EQ(state.role, Role::kActive) << loss;
    tracking.data_link = false;
    track();
    tracking.data_link = true;
    track();
    EXPECT_EQ(state.role, loss < 3 ? Role::kStandby : Role::kHeld) << loss;
    peer_rank = Rank{};
    pass_with_peer(milliseconds(40), Role::kNotEligible, state.seen);
    peer_rank = able();
    if (loss < 3) pass_with_peer(milliseconds(10), Role::kStandby, state.seen);
  }
  EXPECT_EQ(state.role, Role::kActive);  // nobody else could
}

TEST_F(Election, WithOneOfTwoPathsLeftItIsInJeopardy) {
  become_standby();
  const auto hear_on = [&](bool both) {
    Heartbeat heard = heartbeat(Role::kActive, 3);
    heard.heard = {state.seq, both ? state.seq : 0, 0};
    hear(heard, Channel::kDedicated);
    if (both) hear(heard, Channel::kData);
    pass(setup.timers.heartbeat);
  };
  const auto raised = [&](Alarm alarm) {
    return (state.alarms & (1U << static_cast<unsigned>(alarm))) != 0;
  };
  for (int i = 0; i < 5; ++i) hear_on(true);
  EXPECT_FALSE(raised(Alarm::kJeopardy));
  for (int i = 0; i < 5; ++i) hear_on(false);
  EXPECT_TRUE(raised(Alarm::kJeopardy));
  for (int i = 0; i < 5; ++i) hear_on(true);
  EXPECT_FALSE(raised(Alarm::kJeopardy));
}

TEST_F(Election, StrictWithoutWitnessNeverClaimsAlone) {
  setup.config.policy = Policy::kStrict;
  become_standby();
  pass(milliseconds(1000));
  EXPECT_EQ(state.role, Role::kStandby);
  tracking.witness = true;
  track();
  pass(milliseconds(10));
  EXPECT_EQ(state.role, Role::kActive);
}

TEST_F(Election, InMaintenanceTheLastManClaimsIfHeIsToldTo) {
  setup.config.last_man = true;
  start(false, 0, true);
  hear(heartbeat(Role::kActive, 3));
  EXPECT_EQ(state.role, Role::kMaintenance);
  pass(milliseconds(40));
  EXPECT_EQ(state.role, Role::kActive);
}

TEST_F(Election, BothLinksDownMoveNothing) {
  become_active();
  peer_rank.eligible = false;
  pass_with_peer(milliseconds(20), Role::kNotEligible, state.lease.epoch);
  tracking.data_link = false;
  track();
  pass_with_peer(milliseconds(200), Role::kNotEligible, state.lease.epoch);
  EXPECT_EQ(state.role, Role::kActive);
}

// ---- units with different profiles
// ---------------------------------------------------------------

Heartbeat slower(Heartbeat heartbeat) {
  const auto timers = *profile("vm");
  const auto in_us = [](Span span) { return static_cast<std::uint32_t>(span.count() / 1000); };
  heartbeat.pace = in_us(timers.heartbeat);
  heartbeat.lease = in_us(timers.lease);
  heartbeat.dead = in_us(timers.dead);
  return heartbeat;
}

TEST_F(Election, AHeartbeatTellsTheUnitsTimers) {
  become_standby();
  now = wake_at(setup, state);
  const Actions actions = give(Tick{});
  const auto* told = sent<Heartbeat>(actions);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->pace, 5'000U);
  EXPECT_EQ(told->lease, 20'000U);
  EXPECT_EQ(told->dead, 25'000U);
}

TEST_F(Election, ASlowerPeerIsWaitedForByItsOwnTimers) {
  become_standby();
  hear(slower(heartbeat(Role::kActive, 3)));
  pass(milliseconds(490));
  EXPECT_EQ(state.role, Role::kStandby);
  pass(milliseconds(140));              // and for what its data plane may still have in hand
  EXPECT_EQ(state.role, Role::kAlone);  // somebody must
}

TEST_F(Election, DifferentTimersAreAnAlarmUntilTheyAgree) {
  become_standby();
  const auto alarmed = [&] {
    return (state.alarms & (1U << static_cast<unsigned>(Alarm::kTimersDiffer))) != 0;
  };
  pass(milliseconds(10));
  EXPECT_FALSE(alarmed());  // of a release that does not tell
  hear(slower(heartbeat(Role::kActive, 3)));
  pass(milliseconds(10));
  EXPECT_TRUE(alarmed());
  EXPECT_EQ(state.alarms & (1U << static_cast<unsigned>(Alarm::kJeopardy)), 0);
  hear(heartbeat(Role::kActive, 3));
  pass(milliseconds(10));
  EXPECT_FALSE(alarmed());
}

TEST_F(Election, NoSwitchoverIsPlannedBetweenDifferentTimers) {
  become_active();
  hear(slower(heartbeat(Role::kStandby, state.lease.epoch)));
  const Actions actions = give(Command{Command::What::kFailover});
  const auto* refused = done<Refused>(actions);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->reason, Reason::kTimersDiffer);
  EXPECT_EQ(state.role, Role::kActive);
}

TEST_F(Election, TimersThatChangeWhileItHoldsMoveNothingAndLengthenNoOldPromise) {
  become_active();
  const MonoTime sent_before = now;
  pass_with_peer(milliseconds(5), Role::kStandby, state.lease.epoch);
  const MonoTime until = state.lease.until;
  setup.timers = *profile("vm");
  const Actions actions = give(Reconfigured{.timers = true});
  const auto* told = sent<Heartbeat>(actions);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->dead, 500'000U);
  hear(Ack{1, state.lease.epoch, stamp(sent_before)});  // promised for 25 ms, not for 500
  EXPECT_EQ(state.lease.until, until);
  hear(Ack{1, state.lease.epoch, stamp(now)});
  EXPECT_EQ(state.lease.until, now + milliseconds(400));
  EXPECT_EQ(state.role, Role::kActive);
  // Back: what is left of the long lease is told, and waited for.
  setup.timers = *profile("fast");
  now += milliseconds(10);
  const Actions faster = give(Reconfigured{.timers = true});
  ASSERT_NE(sent<Heartbeat>(faster), nullptr);
  EXPECT_EQ(sent<Heartbeat>(faster)->dead, 25'000U + 370'000U);
}

TEST_F(Election, AUnitThatHasStartedWaitsLongForAPeerUnmetAndNoLongerThanThatOneWants) {
  start(true);
  pass(setup.timers.unmet_hold - milliseconds(1));
  EXPECT_EQ(state.role, Role::kListen);  // it may have promised as much

  state = State{};
  start(true);
  hear_on_vips(Probe{1, true, 3, able()});
  hear(heartbeat(Role::kActive, 3));
  pass_with_peer(milliseconds(50), Role::kActive, 3);
  EXPECT_EQ(state.role, Role::kStandby);
  pass(milliseconds(35));
  EXPECT_TRUE(is_holder(state.role));
}

}  // namespace
}  // namespace yoke::pair
