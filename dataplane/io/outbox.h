// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/io/frame_ring.h"
#include "dataplane/io/handover.h"
#include "dataplane/io/kernel_path.h"
#include "dataplane/io/lease_gate.h"
#include "dataplane/io/token_bucket.h"
#include "dataplane/lb/counters.h"
#include "dataplane/lb/pipeline.h"
#include "dataplane/limits.h"

// Where one worker's frames go when they are decided: gathered by destination for one burst, then
// given away, each counted once. What a destination does not take is dropped and counted, never
// retried: a worker waits for nobody. What leaves by a port is held against the leases once more,
// right before (lease_gate.h says what that is worth).
namespace yoke::io {

// How a worker reaches a port.
struct TxRoute {
  std::uint16_t port_id = 0;  // DPDK's
  std::uint16_t queue = 0;
  std::uint8_t worker = 0;              // who owns the queue; another than oneself: by hand-over
  std::uint8_t piece = limits::kBurst;  // frames under a lease that it is given at a time
};

// Threads: owned by one worker.
class Outbox {
 public:
  struct Limits {
    std::uint32_t punts_per_s = 0;
    std::uint32_t punt_burst = 0;
  };
  // `kernel` may be null. All outlive this object.
  Outbox(std::uint8_t worker, std::vector<TxRoute> routes, Handover& handover, KernelPath* kernel,
         LeaseGate leases, lb::WorkerCounters& counters, Limits limits);

  // Takes the frame. At most limits::kBurst of them between two flushes.
  void add(Frame frame, const lb::Verdict& verdict, lb::Tick now) noexcept;
  // A frame that was decided by another worker.
  void add(Frame frame, const Errand& errand) noexcept { leave(frame, errand, true); }
  void drop(Frame frame, net::Drop reason) noexcept;
  void flush(const lb::Snapshot& snapshot) noexcept;
  // The groups of which something was dropped for want of a lease since this was last asked.
  [[nodiscard]] lb::GroupSet take_unserved() noexcept { return std::exchange(unserved_, 0); }

 private:
  struct Lane {
    std::array<Frame, limits::kBurst> frames;
    std::uint32_t count = 0;
    std::uint32_t replies = 0;  // bit i: frames[i] is one
    std::uint32_t others = 0;   // bit i: another worker decided on it, who knows when
    std::array<std::uint8_t, limits::kBurst> groups;
    lb::GroupSet groups_in_use = 0;
    void add(Frame frame, bool is_reply = false, std::uint8_t group = 0,
             bool is_others = false) noexcept {
      replies |= std::uint32_t{is_reply} << count;
      others |= std::uint32_t{is_others} << count;
      groups_in_use |= lb::group_bit(group);
      groups[count] = group;
      frames[count++] = frame;
    }
    void clear() noexcept {
      count = replies = others = 0;
      groups_in_use = 0;
    }
  };
  static_assert(limits::kBurst <= 32);

  void leave(Frame frame, const Errand& errand, bool is_others = false) noexcept;
  void hand_over(Frame frame, std::uint8_t to, const Errand& errand) noexcept;
  [[nodiscard]] static bool is_of_the_pair(Frame frame) noexcept;
  void punt(Frame frame, lb::Tick now) noexcept;
  void flush_port(std::uint8_t port, const lb::Snapshot& snapshot) noexcept;
  void flush_in_pieces(std::uint8_t port, const lb::Snapshot& snapshot) noexcept;
  void send(std::uint8_t port) noexcept;
  void flush_worker(std::uint8_t to) noexcept;
  void flush_punts() noexcept;
  void drop_rest(Lane& lane, unsigned taken, net::Drop reason) noexcept;

  std::uint8_t self_;
  std::vector<TxRoute> routes_;  // by port
  Handover& handover_;
  KernelPath* kernel_;
  LeaseGate leases_;
  lb::WorkerCounters& counters_;
  // The pair's heartbeats have a budget of their own: no flood of others is to keep them out.
  static constexpr std::uint32_t kPairFramesPerS = 5000;
  TokenBucket punt_budget_, pair_budget_;
  std::uint32_t ports_in_use_ = 0;    // bit p: port_lanes_[p] has frames
  std::uint64_t workers_in_use_ = 0;  // bit w: worker_lanes_[w] has
  std::vector<Lane> port_lanes_;
  std::vector<Lane> worker_lanes_;
  Lane punts_;
  lb::GroupSet unserved_ = 0;
};
static_assert(limits::kPorts <= 32 && limits::kWorkers <= 64);

}  // namespace yoke::io
