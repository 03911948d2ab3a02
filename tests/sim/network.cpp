// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

// What lies between the two boxes: a dedicated link, the data VLAN, the VLANs of the VIPs.
namespace yoke::sim {

using std::chrono::microseconds;

namespace {
constexpr int kVips = 2;
constexpr std::size_t kInbox = 256;
constexpr std::size_t kOverheard = 1024;
}  // namespace

std::uint32_t World::keep(const Frame& frame) {
  if (free_.empty()) {
    frames_.push_back(frame);
    return static_cast<std::uint32_t>(frames_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  frames_[index] = frame;
  return index;
}

bool World::is_open(int path, unsigned from) const {
  if (cuts_[static_cast<std::size_t>(path)][from] > 0) return false;
  return path == 0 || (boxes_[0].linked() && boxes_[1].linked());
}

bool World::hear_each_other() const {
  return (is_open(0, 0) && is_open(0, 1)) || (is_open(1, 0) && is_open(1, 1));
}

void World::send(Box& from, const pair::Send& send) {
  if (send.where == pair::Send::Where::kVips) {
    carry(from, kVips, send.message);
    return;
  }
  carry(from, 0, send.message);
  carry(from, 1, send.message);
}

void World::carry(Box& from, int path, const pair::Message& message) {
  if (!is_open(path, from.index) || random_.chance(loss_)) return;
  const Frame frame{pair::Sender{from.setup.config.unit, from.state.boot}, path, message};
  const unsigned to = 1 - from.index;
  const auto delay = [&] {
    const Time clogged = clog_ > Time::zero() ? Time(random_.between(0, clog_.count())) : Time();
    return microseconds(random_.between(30, 300)) + clogged;
  };
  push(now_ + delay(), What::kDeliver, to, 0, keep(frame));
  if (!overhears_) return;
  // What the replay window of the wire would mostly have stopped gets through here. Heartbeats and
  // their Acks come all the time: a few are kept beside everything else.
  const bool usual = std::holds_alternative<pair::Heartbeat>(message) ||
                     std::holds_alternative<pair::Ack>(message);
  if (!usual || random_.chance(0.1)) {
    overheard_.emplace_back(to, frame);
    if (overheard_.size() > kOverheard) overheard_.pop_front();
  }
  if (replaying_ == 0 || overheard_.empty() || !random_.chance(0.3)) return;
  const auto& again = overheard_[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(overheard_.size()) - 1))];
  push(now_ + delay(), What::kDeliver, again.first, 0, keep(again.second));
}

void World::deliver(Box& to, const Frame& frame) {
  if (!to.powered) return;
  if (to.paused || to.hung > 0) {
    if (!to.paused) answer_probe(to, frame);
    if (to.running && to.inbox.size() < kInbox) to.inbox.push_back(frame);
    return;
  }
  answer_probe(to, frame);
  if (to.running) give(to, frame);
}

// The data plane answers by itself, whatever the process does.
void World::answer_probe(Box& to, const Frame& frame) {
  if (frame.path != kVips || !std::holds_alternative<pair::Probe>(frame.message)) return;
  if (quirks_.probes_unanswered || !claims(to)) return;
  carry(to, kVips, pair::ProbeReply{1, to.page.epoch});
}

void World::give(Box& to, const Frame& frame) {
  // The wire takes nothing of a process that is no more (its nonce), once it knows the next.
  if (frame.from.boot != boxes_[1 - to.index].state.boot) return;
  pair::Heard heard{frame.from, std::nullopt, frame.message};
  if (frame.path != kVips) heard.channel = static_cast<pair::Channel>(frame.path);
  step(to, heard);
}

}  // namespace yoke::sim
