// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "mgmt/pair/election.h"
#include "tests/sim/schedule.h"

// One unit of the simulated pair: a machine with a clock of its own, a disk, a data plane that
// looks at the lease page, and the process that runs the production election.
namespace yoke::sim {

struct Frame {
  pair::Sender from;
  int path = 0;  // 0 dedicated, 1 data VLAN, 2 VIP VLANs
  pair::Message message;
};

class Box {
 public:
  unsigned index = 0;
  pair::Setup setup;
  pair::State state;

  // the machine
  bool powered = false;
  bool paused = false;
  bool running = false;  // the process is there
  int hung = 0;          // and stands still
  int links_cut = 0;
  int dataplane_stalls = 0;
  int unhealthy = 0;
  int disk_stuck = 0;
  std::uint64_t life = 0;  // of the process: what was meant for an earlier one is void

  // the lease page, which outlives the process
  pair::Lease page;
  // What workers have decided on that looked at the page just before leaves until then.
  Time bursts_until{};

  // the disk
  pair::Epoch disk_epoch = 0;
  pair::Epoch disk_pending = 0;
  bool disk_maintenance = false;
  bool wanted_aside = false;  // by a person

  pair::Tracking tracking;
  Time ready_at{};  // 0: not on the way
  std::vector<Frame> inbox;
  Time wake{};  // of the Tick that is on its way; 0: none
  pair::Epoch highest_claim = 0;

  void set_clock(std::int64_t ppm, Time offset) noexcept {
    rate_ = 1.0 + static_cast<double>(ppm) * 1e-6;
    offset_ = offset;
  }
  void freeze(Time now) noexcept {
    if (!frozen_) frozen_at_ = now;
    frozen_ = true;
  }
  void thaw(Time now) noexcept {
    if (frozen_) stood_ += now - frozen_at_;
    frozen_ = false;
  }
  [[nodiscard]] MonoTime local(Time now) const noexcept {
    const Time ran = (frozen_ ? frozen_at_ : now) - stood_;
    return MonoTime(offset_ +
                    Time(static_cast<Time::rep>(static_cast<double>(ran.count()) * rate_)));
  }
  // When the own clock will show `time`, if it does not freeze; not before the run.
  [[nodiscard]] Time when(MonoTime time) const noexcept {
    const Time ran = time.time_since_epoch() - offset_;
    return stood_ + Time(static_cast<Time::rep>(static_cast<double>(ran.count()) / rate_));
  }

  [[nodiscard]] bool runs() const noexcept { return powered && running && hung == 0 && !paused; }
  [[nodiscard]] bool linked() const noexcept { return links_cut == 0; }
  // Forwards and answers as long as the lease lasts.
  [[nodiscard]] bool could_claim() const noexcept {
    return powered && !paused && linked() && dataplane_stalls == 0;
  }
  [[nodiscard]] bool is_healthy() const noexcept {
    return runs() && linked() && dataplane_stalls == 0 && !state.maintenance;
  }

 private:
  double rate_ = 1;
  Time offset_{};
  Time stood_{};
  bool frozen_ = false;
  Time frozen_at_{};
};

}  // namespace yoke::sim
