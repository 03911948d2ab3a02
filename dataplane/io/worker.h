// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "dataplane/io/flow_courier.h"
#include "dataplane/io/frame_ring.h"
#include "dataplane/io/handover.h"
#include "dataplane/io/idle.h"
#include "dataplane/io/kernel_path.h"
#include "dataplane/io/lease_gate.h"
#include "dataplane/io/outbox.h"
#include "dataplane/io/snapshot_slot.h"
#include "dataplane/io/sweep_pace.h"
#include "dataplane/io/tick_clock.h"
#include "dataplane/lb/admission.h"
#include "dataplane/lb/counters.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/pipeline.h"
#include "hal/base/result.h"

// One core's round: what the kernel sends, then each receive queue, then what other workers handed
// over, each a burst through the pipeline and out; then a few flows of the sweep, and what the peer
// is to know or tells of flows; then idle.
//
// After every burst rx + taken_over = tx + replied + punted + handed_over + drops (lb/counters.h).
namespace yoke::io {

struct RxQueue {
  std::uint8_t port = 0;  // index into Snapshot::ports
  std::uint16_t port_id = 0;
  std::uint16_t queue = 0;
  QueueWait wait;
};

struct WorkerConfig {
  std::uint8_t id = 0;
  std::uint8_t workers = 1;
  std::optional<unsigned> core;  // none: runs anywhere
  std::uint32_t flows = 0;
  IdleMode idle = IdleMode::kAdaptive;
  Outbox::Limits limits;
  std::vector<RxQueue> queues;
  std::vector<TxRoute> routes;  // by port
  MonoTime epoch;               // where ticks start
};

// Threads: start() and the destructor by main; rounds() by any; the rest is its own thread's.
class Worker {
 public:
  // What all workers share, and what of it is this one's; outlives them.
  struct Shared {
    SnapshotSlot& snapshots;
    Handover& handover;
    KernelPath* kernel;  // may be null
    LeaseGate leases;
    lb::WorkerCounters& counters;  // its own
    lb::Admission& admission;
    FlowCourier* courier;  // may be null
  };

  // Returns when it runs. E-321, E-329.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> start(WorkerConfig config, Shared shared);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_.value(); }

 private:
  static constexpr std::uint32_t kSweepPeriodMs = 4000;

  Worker(WorkerConfig config, Shared shared);
  [[nodiscard]] Status settle();
  [[nodiscard]] Status make_tables();
  void run(const std::stop_token& stop) noexcept;
  [[nodiscard]] unsigned round(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  [[nodiscard]] unsigned receive(const RxQueue& queue, const lb::Snapshot& snapshot,
                                 lb::Tick now) noexcept;
  [[nodiscard]] unsigned take_over(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  [[nodiscard]] unsigned send_for_kernel(const lb::Snapshot& snapshot) noexcept;
  void send_for_kernel(unsigned port, std::span<Frame> frames,
                       const lb::Snapshot& snapshot) noexcept;
  void flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  void process(std::span<const Frame> frames, bool are_handed_over, const lb::Snapshot& snapshot,
               lb::Tick now) noexcept;
  void sleep() noexcept;

  WorkerConfig config_;
  Shared shared_;
  lb::WorkerCounters& counters_;
  lb::Counter rounds_;
  std::optional<lb::FlowTable> flows_;  // made by its own thread, so that its memory is near
  std::optional<lb::Pipeline> pipeline_;
  std::optional<FlowDesk> desk_;
  Outbox outbox_;
  std::unique_ptr<IdleStrategy> idle_;
  TickClock clock_;
  SweepPace sweep_;
  std::jthread thread_;
};

}  // namespace yoke::io
