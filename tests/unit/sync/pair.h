// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/unit/sync/clients.h"
#include "tests/unit/sync/link.h"

// Two units and the wire between them, in made-up time. One has the clients, the other holds what
// it is told.
namespace yoke::sync {

class Pair {
 public:
  Pair(const UnitSpec& active, const UnitSpec& standby, Link::Faults faults, std::uint64_t seed)
      : there_(faults, seed), back_(faults, seed + 1) {
    active_ = std::make_unique<Unit>(active);
    standby_ = std::make_unique<Unit>(standby);
    active_->set_duty(lb::FlowDuty::kSend);
    standby_->set_duty(lb::FlowDuty::kReceive);
  }

  void turn() {
    now_ += std::chrono::microseconds(250);
    active_->turn(tick());
    standby_->turn(tick());
    exchange(*active_->sender_, *standby_->receiver_);
  }
  void turn(int times) {
    for (; times > 0; --times) turn();
  }
  // What the active unit says comes and is confirmed, but no worker of the standby looks.
  void turn_unseen(int times) {
    for (; times > 0; --times) {
      now_ += std::chrono::microseconds(250);
      active_->turn(tick());
      exchange(*active_->sender_, *standby_->receiver_);
    }
  }
  // As long as it takes, until the peer has all; false if it takes too long.
  [[nodiscard]] bool settle(int turns_max = 40'000) {
    for (; turns_max > 0; --turns_max) {
      turn();
      if (active_->sender_->is_synced(now_) && standby_->receiver_->is_whole() && is_drained()) {
        return true;
      }
    }
    return false;
  }
  void restart_standby(UnitSpec spec) {
    standby_ = std::make_unique<Unit>(spec);
    standby_->set_duty(lb::FlowDuty::kReceive);
  }
  [[nodiscard]] lb::Tick tick() const {
    return static_cast<lb::Tick>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count());
  }

  std::unique_ptr<Unit> active_, standby_;
  Link there_, back_;
  MonoTime now_{std::chrono::seconds(1000)};

 private:
  bool is_drained() {
    for (std::size_t i = 0; i < standby_->workers(); ++i) {
      if (standby_->worker(i).in.records.size() > 0) return false;
    }
    turn(40);  // sweeps
    return true;
  }
  void exchange(Sender& sender, Receiver& receiver) {
    there_.arrive(now_, [&](auto& frame) { receiver.take(frame, now_); });
    receiver.step(now_);
    for (auto f = receiver.next(now_); !f.empty(); f = receiver.next(now_)) back_.send(f, now_);
    back_.arrive(now_, [&](auto& frame) { sender.take(frame, now_); });
    sender.step(now_);
    for (auto f = sender.next(now_); !f.empty(); f = sender.next(now_)) there_.send(f, now_);
  }
};

}  // namespace yoke::sync
