// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/pair/bench.h"

namespace yoke::pair {
namespace {

class Handing : public Bench {};

TEST_F(Handing, GivesStepByStepAndLetsGoBeforeItSaysSo) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  auto actions = give(Command{});
  EXPECT_EQ(state.role, Role::kHandoffOut);
  ASSERT_NE(sent<HandoffPrepare>(actions), nullptr);
  actions = hear(HandoffReady{1, epoch, Stamp{55}});
  ASSERT_NE(done<Flows>(actions), nullptr);
  EXPECT_EQ(done<Flows>(actions)->what, Flows::What::kFreeze);
  EXPECT_LT(now, state.lease.until);
  actions = give(Flushed{99});
  EXPECT_EQ(state.role, Role::kStandby);
  EXPECT_EQ(last_reason(), Reason::kHandedOver);
  ASSERT_NE(done<SetLease>(actions), nullptr);
  EXPECT_EQ(done<SetLease>(actions)->lease.until, kLongAgo);
  EXPECT_TRUE(done<SetLease>(actions)->is_handed_over);
  // A worker may have looked at the lease just before.
  EXPECT_EQ(sent<HandoffGo>(actions), nullptr);
  now += setup.timers.burst - std::chrono::nanoseconds(1);
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
  EXPECT_EQ(wake_at(setup, state), now + std::chrono::nanoseconds(1));
  now += std::chrono::nanoseconds(1);
  actions = give(Tick{});
  ASSERT_NE(sent<HandoffGo>(actions), nullptr);
  EXPECT_EQ(sent<HandoffGo>(actions)->echo, Stamp{55});
  EXPECT_EQ(sent<HandoffGo>(actions)->flow_seq, 99U);
}

TEST_F(Handing, GoIsSaidAtOnceWhereTheDataPlaneHasLetGo) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  give(Command{});
  EXPECT_EQ(sent<HandoffGo>(give(Quiet{epoch})), nullptr) << "it still holds";
  hear(HandoffReady{1, epoch, Stamp{55}});
  give(Flushed{99});
  EXPECT_EQ(sent<HandoffGo>(give(Quiet{epoch - 2})), nullptr) << "of another lease";
  now += std::chrono::microseconds(50);
  const auto actions = give(Quiet{epoch});
  ASSERT_NE(sent<HandoffGo>(actions), nullptr);
  EXPECT_EQ(sent<HandoffGo>(actions)->flow_seq, 99U);
  EXPECT_EQ(sent<HandoffGo>(give(Quiet{epoch})), nullptr) << "once is enough";
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
}

// A worker that has not looked since may stand still with frames in hand for longer than a burst.
TEST_F(Handing, TheWordOfADataPlaneThatSaysSoIsWaitedForAsLongAsGoHasTimeToArrive) {
  become_active();
  tracking.tells_quiet = true;
  track();
  const Epoch epoch = state.lease.epoch;
  give(Command{});
  hear(HandoffReady{1, epoch, Stamp{55}});
  const MonoTime ready = now;
  give(Flushed{1});
  now = ready + setup.timers.dead * 3 / 4 - std::chrono::nanoseconds(1);
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
  EXPECT_LE(wake_at(setup, state), now + std::chrono::nanoseconds(1));
  const State waiting = state;
  EXPECT_NE(sent<HandoffGo>(give(Quiet{epoch})), nullptr);
  state = waiting;
  now += std::chrono::nanoseconds(1);
  EXPECT_NE(sent<HandoffGo>(give(Tick{})), nullptr);
}

TEST_F(Handing, OfADataPlaneThatHasGoneNoWordIsWaitedFor) {
  become_active();
  tracking.tells_quiet = true;
  track();
  give(Command{});
  hear(HandoffReady{1, state.lease.epoch, Stamp{55}});
  give(Flushed{1});
  now += setup.timers.burst;
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
  tracking.tells_quiet = false;
  EXPECT_NE(sent<HandoffGo>(track()), nullptr);
}

TEST_F(Handing, GoIsSaidEveryHeartbeatUntilItIsDone) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  give(Command{});
  hear(HandoffReady{1, epoch, Stamp{55}});
  give(Flushed{1});
  now += setup.timers.burst;
  ASSERT_NE(sent<HandoffGo>(give(Tick{})), nullptr);
  now += setup.timers.heartbeat - std::chrono::nanoseconds(1);
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
  now += std::chrono::nanoseconds(1);
  EXPECT_NE(sent<HandoffGo>(give(Tick{})), nullptr);
  hear(HandoffDone{1, epoch, epoch + 1});
  now += setup.timers.heartbeat;
  EXPECT_EQ(sent<HandoffGo>(give(Tick{})), nullptr);
}

TEST_F(Handing, HavingSaidGoItWaitsUntilThePeersRightToItHasPassed) {
  become_active();
  give(Command{});
  hear(HandoffReady{1, state.lease.epoch, Stamp{55}});
  give(Flushed{1});
  pass(2 * setup.timers.dead);
  EXPECT_EQ(state.role, Role::kStandby);
  pass(setup.timers.dead);
  EXPECT_TRUE(is_holder(state.role));
}

TEST_F(Handing, AStepThatTakesTooLongCallsItOff) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  give(Command{});
  pass_with_peer(setup.timers.handoff_step + milliseconds(10), Role::kStandby, epoch);
  EXPECT_EQ(state.role, Role::kActive);
  EXPECT_EQ(last_reason(), Reason::kHandoffTimeout);
  EXPECT_EQ(state.lease.epoch, epoch);
}

TEST_F(Handing, APeerThatWillNotCallsItOffAndFlowsGoOn) {
  become_active();
  const Epoch epoch = state.lease.epoch;
  give(Command{});
  hear(HandoffReady{1, epoch, Stamp{55}});
  const auto actions = hear(HandoffAbort{1, epoch, 0});
  EXPECT_EQ(state.role, Role::kActive);
  EXPECT_EQ(last_reason(), Reason::kHandoffAborted);
  ASSERT_NE(done<Flows>(actions), nullptr);
  EXPECT_EQ(done<Flows>(actions)->what, Flows::What::kThaw);
}

TEST_F(Handing, IsRefusedWhereThePeerCouldNotServe) {
  become_active();
  peer_rank.ready = false;
  pass_with_peer(milliseconds(10), Role::kSyncing, state.lease.epoch);
  const auto actions = give(Command{Command::What::kMaintenance});
  EXPECT_EQ(state.role, Role::kActive);
  ASSERT_NE(done<Refused>(actions), nullptr);
  EXPECT_EQ(done<Refused>(actions)->reason, Reason::kPeerNotReady);
}

TEST_F(Handing, MaintenanceIsSavedOnceTheGroupIsGone) {
  become_active();
  EXPECT_EQ(done<SaveMaintenance>(give(Command{Command::What::kMaintenance})), nullptr);
  hear(HandoffReady{1, state.lease.epoch, Stamp{55}});
  const auto actions = give(Flushed{1});
  EXPECT_EQ(state.role, Role::kMaintenance);
  ASSERT_NE(done<SaveMaintenance>(actions), nullptr);
  EXPECT_TRUE(done<SaveMaintenance>(actions)->on);
}

TEST_F(Handing, ResumingMeanwhileLeavesItAStandby) {
  become_active();
  give(Command{Command::What::kMaintenance});
  hear(HandoffReady{1, state.lease.epoch, Stamp{55}});
  give(Command{Command::What::kResume});
  give(Flushed{1});
  EXPECT_EQ(state.role, Role::kStandby);
}

TEST_F(Handing, TakesAtGoWithAnEpochOfItsOwn) {
  become_standby();
  auto actions = hear(HandoffPrepare{1, 3});
  EXPECT_EQ(state.role, Role::kHandoffIn);
  ASSERT_NE(sent<HandoffReady>(actions), nullptr);
  const Stamp ready = sent<HandoffReady>(actions)->stamp;
  now += milliseconds(2);
  actions = hear(HandoffGo{1, 3, ready, 99});
  EXPECT_EQ(state.role, Role::kActive);
  EXPECT_EQ(last_reason(), Reason::kTakenOver);
  EXPECT_EQ(state.lease.epoch, 4U);
  ASSERT_NE(sent<HandoffDone>(actions), nullptr);
  EXPECT_EQ(sent<HandoffDone>(actions)->epoch, 3U);
}

TEST_F(Handing, AGoThatIsLateOrOfAnotherTimeIsNotTaken) {
  become_standby();
  const auto actions = hear(HandoffPrepare{1, 3});
  const Stamp ready = sent<HandoffReady>(actions)->stamp;
  const MonoTime asked = now;
  hear(HandoffGo{1, 1, ready, 0});  // another epoch
  EXPECT_EQ(state.role, Role::kHandoffIn);
  hear(HandoffGo{1, 3, stamp(now + milliseconds(1)), 0});  // a stamp never given
  EXPECT_EQ(state.role, Role::kHandoffIn);
  now = asked + setup.timers.dead + std::chrono::microseconds(1);
  hear(HandoffGo{1, 3, ready, 0});
  EXPECT_FALSE(is_holder(state.role));
}

TEST_F(Handing, AGoThatComesAgainFindsNobodyWaiting) {
  become_standby();
  const Stamp ready = sent<HandoffReady>(hear(HandoffPrepare{1, 3}))->stamp;
  hear(HandoffAbort{1, 3, 0});
  EXPECT_EQ(state.role, Role::kStandby);
  hear(HandoffGo{1, 3, ready, 0});
  EXPECT_EQ(state.role, Role::kStandby);
  now += milliseconds(1);
  hear(HandoffPrepare{1, 3});  // waits again: not for that one
  hear(HandoffGo{1, 3, ready, 0});
  EXPECT_EQ(state.role, Role::kHandoffIn);
}

TEST_F(Handing, MovesToAPeerThatHasBeenHealthierForLong) {
  become_active();
  tracking.health = 50;
  track();
  pass_with_peer(setup.timers.better_for - milliseconds(50), Role::kStandby, state.lease.epoch);
  EXPECT_EQ(state.role, Role::kActive);
  pass_with_peer(milliseconds(100), Role::kStandby, state.lease.epoch);
  EXPECT_EQ(state.role, Role::kHandoffOut);
  EXPECT_EQ(last_reason(), Reason::kPeerHealthier);
}

TEST_F(Handing, PreemptsOnlyWhereItMay) {
  become_active();
  peer_rank.priority = 200;
  pass_with_peer(setup.timers.preempt_delay + milliseconds(50), Role::kStandby, state.lease.epoch);
  EXPECT_EQ(state.role, Role::kActive);
  setup.config.preempt = true;
  pass_with_peer(setup.timers.preempt_delay + milliseconds(50), Role::kStandby, state.lease.epoch);
  EXPECT_EQ(state.role, Role::kHandoffOut);
  EXPECT_EQ(last_reason(), Reason::kPreempted);
}

}  // namespace
}  // namespace yoke::pair
