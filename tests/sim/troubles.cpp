// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/sim/world.h"

// How each fault begins and ends.
namespace yoke::sim {

using std::chrono::microseconds;
using Wish = pair::Command::What;

namespace {

struct Cut {
  Fault fault;
  std::array<bool, 3> paths;  // dedicated, data VLAN, VIP VLANs
  bool one_way;               // from the unit
};
constexpr std::array kCuts{
    Cut{Fault::kDedicatedCut, {true, false, false}, false},
    Cut{Fault::kDedicatedOneWay, {true, false, false}, true},
    Cut{Fault::kNetworkCut, {false, true, true}, false},
    Cut{Fault::kNetworkOneWay, {false, true, true}, true},
    Cut{Fault::kChannelsCut, {true, true, false}, false},
    Cut{Fault::kBlackout, {true, true, false}, false},
    Cut{Fault::kMute, {true, true, false}, true},
    Cut{Fault::kPartition, {true, true, true}, false},
};

}  // namespace

void World::cut(const Trouble& trouble, int by) {
  if (trouble.fault == Fault::kFlap) {
    for (auto& direction : cuts_[trouble.detail % 3]) direction += by;
  }
  for (const auto& each : kCuts) {
    if (each.fault != trouble.fault) continue;
    for (std::size_t path = 0; path < cuts_.size(); ++path) {
      if (!each.paths[path]) continue;
      cuts_[path][trouble.unit] += by;
      if (!each.one_way) cuts_[path][1 - trouble.unit] += by;
    }
  }
}

void World::power_off(Box& box) {
  // What was being written is there, or not, or was torn and reads as what was there before.
  if (!quirks_.disk_lies && !quirks_.disk_slow && box.disk_pending > box.disk_epoch &&
      random_.chance(0.3)) {
    box.disk_epoch = box.disk_pending;
  }
  box.disk_pending = 0;
  box.powered = box.running = false;
  box.page = pair::Lease{};
  box.bursts_until = Time::zero();
  box.state = pair::State{};
  ++box.life;
}

// The process learns of its link and its data plane a little later.
void World::notice(Box& box) {
  box.tracking.data_link = box.linked();
  box.tracking.able = box.dataplane_stalls == 0;
  box.tracking.health = box.unhealthy > 0 ? 50 : 100;
  step(box, pair::Tracked{box.tracking});
  // A person whose command found nobody home asks again.
  if (box.disk_maintenance && !box.wanted_aside) step(box, pair::Command{Wish::kResume});
}

void World::toggle(std::uint32_t index) {
  const Trouble& trouble = schedule_.troubles[index];
  if (now_ >= trouble.end) return;
  // Odd times begin, even ones end; which it is follows from how many have passed.
  const Time span = (trouble.end - trouble.begin) / 8;
  const auto turn = (now_ - trouble.begin) / std::max(span, Time(1));
  const int by = turn % 2 == 0 ? 1 : -1;
  if (turn >= 8) return;
  if (trouble.fault == Fault::kFlap) {
    cut(trouble, by);
  } else {
    boxes_[trouble.unit].links_cut += by;
    push(now_ + microseconds(random_.between(50, 1000)), What::kNotice, trouble.unit,
         boxes_[trouble.unit].life);
  }
  if (turn < 7) push(trouble.begin + span * (turn + 1), What::kToggle, trouble.unit, 0, index);
}

void World::begin(std::uint32_t index) {
  const Trouble trouble = schedule_.troubles[index];
  Box& box = boxes_[trouble.unit];
  const auto noticed = [&](Time latest) {
    push(now_ + Time(random_.between(50'000, latest.count())), What::kNotice, box.index, box.life);
  };
  say(&box, "%s begins", kFaultNames[static_cast<std::size_t>(trouble.fault)].data());
  switch (trouble.fault) {
    case Fault::kPowerLoss:
      power_off(box);
      break;
    case Fault::kBlackout:
      power_off(boxes_[0]);
      power_off(boxes_[1]);
      if (trouble.detail % 2 == 0) cut(trouble, 1);
      break;
    case Fault::kCrash:
      // A worker that stands still for longer than a burst is waited for by who gave the group
      // away; with him dead as well it is two faults that nothing here outwaits.
      box.bursts_until = std::min(box.bursts_until, now_ + box.setup.timers.burst);
      box.running = false;
      ++box.life;
      break;
    case Fault::kHang:
      ++box.hung;
      break;
    case Fault::kFreeze:
      box.freeze(now_);
      [[fallthrough]];
    case Fault::kPause:
      box.paused = true;
      break;
    case Fault::kDataLinkDown:
      ++box.links_cut, noticed(microseconds(1000));
      break;
    case Fault::kDataplaneStall:
      ++box.dataplane_stalls;
      noticed(2 * schedule_.timers.heartbeat);
      break;
    case Fault::kUnhealthy:
      ++box.unhealthy, noticed(microseconds(1000));
      break;
    case Fault::kLoss:
      loss_ = 0.02 * static_cast<double>(1 + trouble.detail % 5);
      break;
    case Fault::kClog:
      clog_ = schedule_.timers.heartbeat / 4 * static_cast<Time::rep>(1 + trouble.detail % 20);
      break;
    case Fault::kReplay:
      ++replaying_;
      break;
    case Fault::kFailover:
      if (box.runs()) step(box, pair::Command{Wish::kFailover});
      break;
    case Fault::kMaintenance:
      box.wanted_aside = true;
      if (box.runs()) step(box, pair::Command{Wish::kMaintenance, trouble.detail % 2 == 0});
      break;
    case Fault::kFlap:
    case Fault::kDataLinkFlap:
      toggle(index);
      break;
    case Fault::kDiskStuck:
      ++box.disk_stuck;
      break;
    case Fault::kForeign:
      for (Time at = now_; at < trouble.end; at += schedule_.timers.heartbeat / 2) {
        push(at, What::kForeign, box.index, box.life);
      }
      break;
    case Fault::kCommits:
      for (auto& each : boxes_) {
        if (!pair::is_holder(each.state.role)) continue;
        each.tracking.config.epoch = each.state.lease.epoch;
        ++each.tracking.config.revision;
      }
      break;
    case Fault::kDedicatedCut:
    case Fault::kDedicatedOneWay:
    case Fault::kNetworkCut:
    case Fault::kNetworkOneWay:
    case Fault::kChannelsCut:
    case Fault::kMute:
    case Fault::kPartition:
      cut(trouble, 1);
      break;
  }
}

// Both come back within a heartbeat; the heartbeats, where they went as well, once both have waited
// for each other in vain.
void World::light_up(std::uint32_t index) {
  const Trouble& trouble = schedule_.troubles[index];
  const Time beat = schedule_.timers.heartbeat;
  for (unsigned i = 0; i < 2; ++i) {
    if (!boxes_[i].powered) push(now_ + Time(random_.between(0, beat.count())), What::kBoot, i);
  }
  if (trouble.detail % 2 == 0) {
    push(now_ + schedule_.deaf_after_blackout(), What::kHeal, 0, 0, index);
  }
}

// What nobody would draw often enough: trouble just as a unit changes, mostly to that unit.
void World::strike(const Box& box) {
  constexpr std::size_t kMost = 300;
  constexpr std::array kKinds{Fault::kHang,          Fault::kCrash, Fault::kMute,
                              Fault::kHang,          Fault::kHang,  Fault::kChannelsCut,
                              Fault::kPowerLoss,     Fault::kPause, Fault::kPartition,
                              Fault::kNetworkOneWay, Fault::kClog};
  constexpr std::int64_t kSoundKinds = 7;
  if (schedule_.troubles.size() < 3 || schedule_.troubles.size() > kMost) return;
  if (now_ >= schedule_.calm || !random_.chance(0.4)) return;
  const Time beat = schedule_.timers.heartbeat;
  Trouble trouble;
  // Delays only where the bounds of the run allow for them.
  const bool strict = schedule_.policy == pair::Policy::kStrict && !schedule_.has(Fault::kFreeze);
  std::int64_t kinds = kKinds.size();
  if (schedule_.has_sound_vips()) {
    kinds = kSoundKinds;
  } else if (!strict && !schedule_.has(Fault::kClog)) {
    --kinds;
  }
  trouble.fault = kKinds[static_cast<std::size_t>(random_.between(0, kinds - 1))];
  trouble.unit = random_.chance(0.7) ? box.index : 1 - box.index;
  trouble.begin = now_ + Time(random_.between(0, beat.count()));
  trouble.end = trouble.begin + Time(random_.between(beat.count() / 10, 12 * beat.count()));
  trouble.detail = random_.next();
  add(trouble);
  // A process that comes back before anybody misses it, and hears nobody.
  if (trouble.fault != Fault::kCrash || schedule_.has_sound_vips()) return;
  trouble.fault = Fault::kPartition;
  trouble.end += 8 * beat;
  add(trouble);
}

void World::add(const Trouble& trouble) {
  schedule_.calm = std::max(schedule_.calm, trouble.end);
  const auto index = static_cast<std::uint32_t>(schedule_.troubles.size());
  schedule_.troubles.push_back(trouble);
  push(trouble.begin, What::kTroubleBegins, trouble.unit, 0, index);
  push(trouble.end, What::kTroubleEnds, trouble.unit, 0, index);
}

void World::end(std::uint32_t index) {
  const Trouble trouble = schedule_.troubles[index];  // more may be added meanwhile
  Box& box = boxes_[trouble.unit];
  const bool starts = trouble.fault == Fault::kPowerLoss || trouble.fault == Fault::kCrash;
  if (trouble.fault == Fault::kBlackout) {
    light_up(index);
    return;
  }
  if (starts && box.paused) {  // whoever would start it stands still as well
    push(now_ + schedule_.timers.heartbeat, What::kTroubleEnds, box.index, 0, index);
    return;
  }
  say(&box, "%s ends", kFaultNames[static_cast<std::size_t>(trouble.fault)].data());
  const auto noticed = [&] {
    push(now_ + microseconds(random_.between(50, 1000)), What::kNotice, box.index, box.life);
  };
  switch (trouble.fault) {
    case Fault::kPowerLoss:
      if (!box.powered) start(box, false);
      break;
    case Fault::kCrash:
      if (box.powered && !box.running) start(box, true);
      break;
    case Fault::kHang:
      if (--box.hung == 0) resume(box);
      break;
    case Fault::kFreeze:
    case Fault::kPause:
      box.thaw(now_);
      box.paused = false;
      resume(box);
      break;
    case Fault::kDataLinkDown:
      --box.links_cut, noticed();
      break;
    case Fault::kDataplaneStall:
      --box.dataplane_stalls, noticed();
      break;
    case Fault::kUnhealthy:
      --box.unhealthy, noticed();
      break;
    case Fault::kLoss:
      loss_ = schedule_.loss;
      break;
    case Fault::kClog:
      clog_ = Time::zero();
      break;
    case Fault::kReplay:
      --replaying_;
      break;
    case Fault::kMaintenance:
      box.wanted_aside = false;
      if (box.runs()) notice(box);
      break;
    case Fault::kDiskStuck:
      --box.disk_stuck;
      break;
    case Fault::kBlackout:
    case Fault::kFailover:
    case Fault::kFlap:
    case Fault::kDataLinkFlap:
    case Fault::kForeign:
    case Fault::kCommits:
      break;
    case Fault::kDedicatedCut:
    case Fault::kDedicatedOneWay:
    case Fault::kNetworkCut:
    case Fault::kNetworkOneWay:
    case Fault::kChannelsCut:
    case Fault::kMute:
    case Fault::kPartition:
      cut(trouble, -1);
      break;
  }
}

}  // namespace yoke::sim
