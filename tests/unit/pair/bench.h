// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mgmt/pair/election.h"
#include "mgmt/pair/rules.h"

// One unit (A) on a bench: the test plays its peer (B), its disk and its clock.
namespace yoke::pair {

using std::chrono::milliseconds;

class Bench : public ::testing::Test {
 public:  // for the tables, whose rows are functions of a bench
  static constexpr std::uint64_t kBoot = 7;
  static constexpr std::uint64_t kPeerBoot = 9;

  Bench() {
    setup.timers = *profile("fast");
    setup.rules = &kRules;
    tracking.data_link = tracking.able = tracking.ready = true;
    tracking.health = 100;
  }

  // Each returns what this one event led to.
  Actions give(const Event& event) {
    const Actions actions = step(setup, state, event, now);
    for (const auto& action : actions) {
      if (const auto* change = std::get_if<Transition>(&action)) history.push_back(*change);
    }
    return actions;
  }
  Actions hear(const Message& message, Channel channel = Channel::kDedicated) {
    return give(Heard{Sender{Unit::kB, kPeerBoot}, channel, message});
  }
  Actions hear_on_vips(const Message& message) {
    return give(Heard{Sender{Unit::kB, kPeerBoot}, std::nullopt, message});
  }
  Actions track() { return give(Tracked{tracking}); }

  // Time passes, with a Tick whenever one is due.
  void pass(MonoTime::duration span) {
    const MonoTime end = now + span;
    while (wake_at(setup, state) < end) {
      now = std::max(now, wake_at(setup, state)) + std::chrono::microseconds(1);
      give(Tick{});
    }
    now = end;
    give(Tick{});
  }
  // The same, while the peer says every heartbeat that it is in `role`, and acknowledges.
  void pass_with_peer(MonoTime::duration span, Role role, Epoch epoch) {
    for (const MonoTime end = now + span; now < end;) {
      hear(heartbeat(role, epoch));
      if (is_holder(state.role)) hear(Ack{1, state.lease.epoch, stamp(now - milliseconds(1))});
      pass(setup.timers.heartbeat);
    }
  }

  Heartbeat heartbeat(Role role, Epoch epoch) {
    Heartbeat heartbeat;
    heartbeat.group = 1;
    heartbeat.role = role;
    heartbeat.epoch = epoch;
    heartbeat.seq = ++peer_seq;
    heartbeat.sent = Stamp{static_cast<std::int64_t>(peer_seq)};
    heartbeat.rank = peer_rank;
    return heartbeat;
  }

  void start(bool restarted = false, Epoch reserved = 0, bool maintenance = false) {
    track();
    give(Start{kBoot, restarted, reserved, maintenance});
    give(EpochReserved{reserved + 65});
  }
  void become_standby() {
    start();
    hear(heartbeat(Role::kActive, 3));
    ASSERT_EQ(state.role, Role::kStandby);
  }
  void become_active() {
    become_standby();
    hear(Resign{1, 3, 0});
    hear(heartbeat(Role::kNotEligible, 3));
    pass(milliseconds(6));
    ASSERT_EQ(state.role, Role::kActive);
    peer_rank = able();
    pass_with_peer(milliseconds(100), Role::kStandby, state.lease.epoch);
    ASSERT_EQ(state.role, Role::kActive);
  }

  static Rank able() {
    return Rank{.eligible = true, .ready = true, .health = 100, .priority = 100, .config = {}};
  }

  [[nodiscard]] Reason last_reason() const {
    return history.empty() ? Reason::kNone : history.back().reason;
  }

  template <typename T>
  static const T* sent(const Actions& actions) {
    for (const auto& action : actions) {
      const auto* send = std::get_if<Send>(&action);
      if (send == nullptr) continue;
      if (const auto* found = std::get_if<T>(&send->message)) return found;
    }
    return nullptr;
  }
  template <typename T>
  static const T* done(const Actions& actions) {
    for (const auto& action : actions) {
      if (const auto* found = std::get_if<T>(&action)) return found;
    }
    return nullptr;
  }

  pair::Setup setup;
  State state;
  Tracking tracking;
  Rank peer_rank;
  std::uint64_t peer_seq = 0;
  MonoTime now{std::chrono::seconds(1000)};
  std::vector<Transition> history;
};

}  // namespace yoke::pair
