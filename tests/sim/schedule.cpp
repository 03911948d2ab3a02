// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/schedule.h"

#include <algorithm>

namespace yoke::sim {
namespace {

// Alone each trouble must be survived without a trace; storms must at least be survived safely.
std::int64_t draw_count(Random& random) {
  const auto dice = random.between(0, 9);
  if (dice < 3) return 1;
  if (dice < 5) return 2;
  return random.between(3, 200);
}

// What leaves the VLANs of the VIPs as they are. (A unit that stands still answers nobody there,
// and yet its lease goes on.)
constexpr std::array kSound{Fault::kPowerLoss,    Fault::kCrash,           Fault::kHang,
                            Fault::kDedicatedCut, Fault::kDedicatedOneWay, Fault::kChannelsCut,
                            Fault::kMute,         Fault::kUnhealthy,       Fault::kFailover,
                            Fault::kMaintenance,  Fault::kDiskStuck,       Fault::kForeign,
                            Fault::kCommits,      Fault::kBlackout};
// What makes another trouble worse if it comes at the same time.
constexpr std::array kCompanions{Fault::kPartition, Fault::kMute, Fault::kChannelsCut,
                                 Fault::kClog};

class Drawer {
 public:
  Drawer(Random& random, Schedule& schedule)
      : random_(random), schedule_(schedule), beat_(schedule.timers.heartbeat) {}

  // Half of them close upon one another: what is rare alone is rarer still together.
  void draw(bool sound) {
    const auto count = draw_count(random_);
    Time last = 120 * beat_;
    for (std::int64_t i = 0; i < count; ++i) {
      Fault fault = sound ? pick(kSound) : static_cast<Fault>(random_.between(0, kFaults - 1));
      if (count == 1 && random_.chance(0.06)) fault = Fault::kBlackout;  // the hardest start
      const Time begin = random_.chance(0.5)
                             ? last + beats(0, 8)
                             : 120 * beat_ + beats(0, 30.0 * static_cast<double>(count));
      add(fault, begin);
      last = begin;
      const bool starts = fault == Fault::kBlackout || fault == Fault::kCrash;
      const double worse = starts ? 0.7 : 0.2;
      if (count > 1 && !sound && random_.chance(worse)) add(pick(kCompanions), begin + beats(0, 1));
    }
  }

 private:
  template <std::size_t kSize>
  Fault pick(const std::array<Fault, kSize>& from) {
    return from[static_cast<std::size_t>(random_.between(0, kSize - 1))];
  }
  Time beats(double low, double high) {
    const auto scale = static_cast<double>(beat_.count());
    return Time(
        random_.between(static_cast<Time::rep>(low * scale), static_cast<Time::rep>(high * scale)));
  }
  void add(Fault fault, Time begin) {
    Trouble trouble;
    trouble.fault = fault;
    trouble.unit = static_cast<unsigned>(random_.between(0, 1));
    trouble.begin = begin;
    trouble.end = begin + (random_.chance(0.5) ? beats(0.2, 8) : beats(0.5, 80));
    trouble.detail = random_.next();
    const bool deaf = fault == Fault::kBlackout && trouble.detail % 2 == 0;
    schedule_.calm = std::max(
        schedule_.calm, trouble.end + (deaf ? schedule_.deaf_after_blackout() : Time::zero()));
    schedule_.troubles.push_back(trouble);
  }

  Random& random_;
  Schedule& schedule_;
  Time beat_;
};

}  // namespace

bool Schedule::has_sound_vips() const noexcept {
  return loss <= 0 && std::all_of(troubles.begin(), troubles.end(), [](const Trouble& trouble) {
           return std::find(kSound.begin(), kSound.end(), trouble.fault) != kSound.end();
         });
}

Schedule draw_schedule(Random& random) {
  Schedule schedule;
  const auto dice = random.between(0, 9);
  schedule.profile = dice < 7 ? "fast" : dice < 9 ? "default" : "vm";
  schedule.timers = *pair::profile(schedule.profile);
  const Time beat = schedule.timers.heartbeat;
  if (random.chance(0.3)) {
    schedule.policy = pair::Policy::kStrict;
    schedule.witness = random.chance(0.2) ? -1 : static_cast<int>(random.between(0, 1));
  }
  schedule.preempt = random.chance(0.2);
  if (schedule.preempt) schedule.timers.preempt_delay = 30 * beat;
  schedule.timers.better_for = 20 * beat;
  for (unsigned i = 0; i < 2; ++i) {
    schedule.priority[i] = static_cast<std::uint8_t>(random.between(100, 101));
    schedule.boot[i] = Time(random.between(0, 10 * beat.count()));
    schedule.ppm[i] = random.between(-500, 500);
  }
  const bool sound = random.chance(0.35);
  schedule.loss = !sound && random.chance(0.3) ? 0.01 : 0;
  Drawer(random, schedule).draw(sound);
  // Of what was drawn for others, so that the other seeds stay what they were.
  if (schedule.profile != "fast" && schedule.ppm[0] % 3 == 0) {
    schedule.hasty = schedule.ppm[1] % 2 == 0 ? 0 : 1;
  }
  return schedule;
}

pair::Timers Schedule::timers_of(unsigned unit) const noexcept {
  if (hasty != static_cast<int>(unit)) return timers;
  pair::Timers own = *pair::profile("fast");
  own.boot_hold = timers.boot_hold;
  own.restart_hold = std::min(own.restart_hold, timers.restart_hold);
  own.unmet_hold = timers.unmet_hold;
  own.preempt_delay = timers.preempt_delay;
  own.better_for = timers.better_for;
  return own;
}

}  // namespace yoke::sim
