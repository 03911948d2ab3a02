// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mgmt/pair/election.h"
#include "tests/sim/random.h"

// What goes wrong in one run, and when: all of it drawn from the seed before the run begins.
namespace yoke::sim {

using Time = std::chrono::nanoseconds;  // true time, since the run began

enum class Fault : std::uint8_t {
  kPowerLoss,  // and back; the disk loses what was not synced
  kCrash,      // the pair process alone; its data plane goes on
  kHang,       // the pair process stands still
  kPause,      // the machine stands still, its clock runs
  kFreeze,     // the machine and its clock stand still
  kDedicatedCut,
  kDedicatedOneWay,  // from the unit to its peer
  kNetworkCut,       // data VLAN and VIP VLANs
  kNetworkOneWay,
  kDataLinkDown,
  kChannelsCut,  // every heartbeat; the VIP VLANs carry on
  kMute,         // every heartbeat from the unit to its peer
  kPartition,    // everything
  kLoss,
  kClog,    // delay and reordering
  kReplay,  // frames come again, late
  kDataplaneStall,
  kUnhealthy,    // something tracked with a weight
  kFailover,     // asked for
  kMaintenance,  // asked for, and resumed
  kFlap,         // one path, several times
  kDataLinkFlap,
  kDiskStuck,  // nothing is synced meanwhile
  kForeign,    // forged VRRP adverts and ARP answers
  kCommits,    // configuration changes
  kBlackout,   // both lose power and come back at once; maybe without heartbeats
};
inline constexpr std::size_t kFaults = 26;
inline constexpr std::array<std::string_view, kFaults> kFaultNames{
    "power-loss", "crash",       "hang",      "pause",     "freeze",   "ded-cut",     "ded-one-way",
    "net-cut",    "net-one-way", "link-down", "hb-cut",    "mute",     "partition",   "loss",
    "clog",       "replay",      "dp-stall",  "unhealthy", "failover", "maintenance", "flap",
    "link-flap",  "disk-stuck",  "foreign",   "commits",   "blackout"};

struct Trouble {
  Fault fault = Fault::kPowerLoss;
  unsigned unit = 0;
  Time begin{};
  Time end{};
  std::uint64_t detail = 0;  // a number of its own, for whatever it takes
};

struct Schedule {
  pair::Timers timers;
  std::string_view profile;
  pair::Policy policy = pair::Policy::kAvailability;
  int witness = -1;  // strict: the unit that has one
  int hasty = -1;    // the unit that somebody gave the profile "fast", alone
  bool preempt = false;
  std::array<std::uint8_t, 2> priority{};
  std::array<Time, 2> boot{};
  std::array<std::int64_t, 2> ppm{};  // by which the clock runs wrong
  double loss = 0;                    // all along
  std::vector<Trouble> troubles;
  Time calm{};  // from here on nothing is wrong

  // The unit's own; `timers` are those of the slower one.
  [[nodiscard]] pair::Timers timers_of(unsigned unit) const noexcept;
  [[nodiscard]] Time deaf_after_blackout() const noexcept {
    return timers.boot_hold + 40 * timers.heartbeat;
  }
  // Of a frame in a clogged network.
  [[nodiscard]] Time longest_delay() const noexcept { return 5 * timers.heartbeat; }
  // The VIPs' VLANs carry every frame in time, whoever is connected to them.
  [[nodiscard]] bool has_sound_vips() const noexcept;
  [[nodiscard]] bool has(Fault fault) const noexcept {
    for (const auto& trouble : troubles) {
      if (trouble.fault == fault) return true;
    }
    return false;
  }
};

[[nodiscard]] Schedule draw_schedule(Random& random);

}  // namespace yoke::sim
