// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace yoke::sim {
namespace {

std::string ms(Time time) {
  return fmt::format("{:.3f} ms", static_cast<double>(time.count()) / 1e6);
}

bool is_any_of(Fault fault, std::initializer_list<Fault> faults) {
  return std::find(faults.begin(), faults.end(), fault) != faults.end();
}

// I1. None as long as the VLANs of the VIPs carry what is asked on them. Alone a fault leaves none,
// but where the network itself was in two (until the two have met), where frames come later than is
// waited for, or where a clock stood still. Several together leave at most one lease, and as much
// as frames take. Strict leaves none whatever the network does.
Time overlap_limit(const Schedule& schedule) {
  const auto& timers = schedule.timers;
  const Time lease = timers.lease + timers.lease / 100;
  const Time late = schedule.has(Fault::kClog) ? schedule.longest_delay() : Time::zero();
  if (schedule.has(Fault::kFreeze)) return lease + late;
  if (schedule.policy == pair::Policy::kStrict || schedule.has_sound_vips()) return Time::zero();
  if (schedule.troubles.size() > 1) return lease + late;
  const Fault fault = schedule.troubles.front().fault;
  if (fault == Fault::kClog) return lease;
  if (is_any_of(fault, {Fault::kNetworkCut, Fault::kNetworkOneWay, Fault::kPartition})) {
    return timers.heartbeat * 2;
  }
  return Time::zero();
}

// I2: with a single fault, from the moment nobody claims to the next claim.
Time gap_limit(const Schedule& schedule) {
  if (schedule.troubles.size() > 1 || schedule.policy == pair::Policy::kStrict) return Time::zero();
  if (schedule.has(Fault::kClog)) return Time::zero();
  const auto& timers = schedule.timers;
  const Time round = pair::probe_round(timers);
  const Time usual = timers.dead + round + 2 * timers.heartbeat;
  // Who has told the peer that it lets go has not to be waited for, but for its last burst, which
  // is not known to the millisecond where its profile is another.
  if (schedule.has(Fault::kDataLinkDown) && schedule.loss <= 0 && schedule.hasty < 0) {
    return round + std::chrono::microseconds(3400);
  }
  // Where they do not hear each other, a burst of any peer's is waited for.
  if (!schedule.has(Fault::kBlackout)) return usual;
  return timers.boot_hold + 2 * (round + timers.heartbeat) + pair::kLongestBurst;
}

// In two halves one goes on and one begins; when they meet one stops. Nothing is between.
bool must_not_pause(const Schedule& schedule) {
  return schedule.troubles.size() == 1 && schedule.policy == pair::Policy::kAvailability &&
         is_any_of(schedule.troubles.front().fault, {Fault::kPartition, Fault::kNetworkCut});
}

// Faults that nobody who uses the service should notice, and that move nothing.
bool must_not_move(const Schedule& schedule) {
  return schedule.troubles.size() == 1 && !schedule.preempt &&
         is_any_of(
             schedule.troubles.front().fault,
             {Fault::kDedicatedCut, Fault::kDedicatedOneWay, Fault::kChannelsCut, Fault::kReplay,
              Fault::kDiskStuck, Fault::kForeign, Fault::kCommits, Fault::kNetworkOneWay}) &&
         (schedule.policy == pair::Policy::kAvailability ||
          schedule.troubles.front().fault != Fault::kChannelsCut);
}

}  // namespace

Invariants::Invariants(const Schedule& schedule)
    : schedule_(schedule),
      overlap_limit_(overlap_limit(schedule)),
      gap_limit_(gap_limit(schedule)),
      must_not_move_(must_not_move(schedule)),
      must_not_pause_(must_not_pause(schedule)),
      settled_(schedule.timers.heartbeat * 110) {}

void Invariants::violate(const char* invariant, Time now, std::string text) {
  if (!violation_) violation_ = Violation{invariant, std::move(text), now};
}

void Invariants::overlap(Time begin, Time end, const Ends& ends, bool one_network) {
  const Time both = std::min(ends[0], ends[1]);
  const bool counts = one_network || schedule_.policy == pair::Policy::kStrict;
  if (!counts || both <= begin) {
    overlap_ = Time::zero();
    return;
  }
  overlap_ += both - begin;
  measures_.longest_overlap = std::max(measures_.longest_overlap, overlap_);
  if (overlap_ > overlap_limit_) {
    violate("I1", both,
            fmt::format("both claim for {}, {} are allowed", ms(overlap_), ms(overlap_limit_)));
  }
  if (both < end) overlap_ = Time::zero();
}

void Invariants::gap(Time begin, Time end, const Ends& ends, const std::array<Box, 2>& boxes) {
  const Time last = std::max({ends[0], ends[1], begin});
  if (last > begin) gap_ = Time::zero();
  if (begin < settled_ || !(boxes[0].is_healthy() || boxes[1].is_healthy())) {
    gap_ = Time::zero();
    return;
  }
  if (last >= end) return;
  gap_ += end - last;
  measures_.longest_gap = std::max(measures_.longest_gap, gap_);
  const Time limit = must_not_move_ || must_not_pause_ ? Time(1) : gap_limit_;
  if (limit > Time::zero() && gap_ > limit) {
    violate("I2", end, fmt::format("nobody claims for {}, {} are allowed", ms(gap_), ms(limit)));
  }
}

void Invariants::pass(Time begin, Time end, const Ends& leases, const Ends& bursts,
                      bool one_network, const std::array<Box, 2>& boxes) {
  if (begin >= end) return;
  overlap(begin, end, bursts, one_network);
  gap(begin, end, leases, boxes);
}

void Invariants::claimed(Time now, Box& box, pair::Epoch epoch, bool raised) {
  ++measures_.claims;
  if (epoch <= box.highest_claim) {
    violate(
        "I3", now,
        fmt::format("unit {} claims with epoch {} after {}", box.index, epoch, box.highest_claim));
  }
  if ((epoch & 1U) != box.index) {
    violate("I3", now, fmt::format("unit {} claims with epoch {}, the peer's", box.index, epoch));
  }
  if (epoch < box.tracking.config.epoch) {
    violate("I3", now,
            fmt::format("unit {} claims with epoch {}, its configuration is of {}", box.index,
                        epoch, box.tracking.config.epoch));
  }
  box.highest_claim = std::max(box.highest_claim, epoch);
  if (raised) return;  // held before, and on
  if (!box.state.tracking.data_link || !box.state.tracking.able || box.state.maintenance) {
    violate("I2", now, fmt::format("unit {} claims though it cannot serve", box.index));
  }
  if (now < settled_) return;
  ++claims_settled_;
  if (must_not_move_) {
    violate("I12", now,
            fmt::format("unit {} claims though nothing is wrong with either", box.index));
  }
  // Losses hold a unit down after three; raised epochs are no change of role.
  constexpr unsigned kMostOfOneFault = 3;
  const bool quiet = schedule_.troubles.size() == 1 && !schedule_.preempt &&
                     !is_any_of(schedule_.troubles.front().fault,
                                {Fault::kFlap, Fault::kDataLinkFlap, Fault::kClog});
  if (quiet && claims_settled_ > kMostOfOneFault) {
    violate("I10", now, fmt::format("{} claims by a single fault", claims_settled_));
  }
}

void Invariants::acted(Time now, const pair::Actions& actions) {
  ++measures_.steps;
  if (actions.lost() != 0) violate("I13", now, "a step asks for more than fits");
}

void Invariants::changed(Time now, const Box& box, const Box& peer,
                         const pair::Transition& change) {
  const auto becomes = pair::name(change.to);
  if (change.reason == pair::Reason::kNone) {
    violate("I14", now, fmt::format("unit {} becomes {} for no reason", box.index, becomes));
  }
  if (change.reason == pair::Reason::kHigherEpoch && peer.highest_claim < box.highest_claim) {
    violate("I3", now, fmt::format("unit {} stops for a lower epoch", box.index));
  }
  if (must_not_move_ && now > settled_ && change.to == pair::Role::kCandidate) {
    violate(
        "I12", now,
        fmt::format("unit {} becomes {} though nothing is wrong with either", box.index, becomes));
  }
}

void Invariants::not_converged(Time now, const std::string& text) { violate("I9", now, text); }

}  // namespace yoke::sim
