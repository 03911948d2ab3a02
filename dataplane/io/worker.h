// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "dataplane/api/pulse_page.h"
#include "dataplane/api/seen_page.h"
#include "dataplane/io/flow_courier.h"
#include "dataplane/io/frame_ring.h"
#include "dataplane/io/handover.h"
#include "dataplane/io/idle.h"
#include "dataplane/io/kernel_path.h"
#include "dataplane/io/lease_gate.h"
#include "dataplane/io/outbox.h"
#include "dataplane/io/snapshot_slot.h"
#include "dataplane/io/stray_exchange.h"
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
  // Frames that wait for a lease or a flow, at most.
  static constexpr unsigned kWaiting = 1024;

  // What all workers share, and what of it is this one's; outlives them.
  struct Shared {
    SnapshotSlot& snapshots;
    Handover& handover;
    KernelPath* kernel;  // may be null
    LeaseGate leases;
    lb::WorkerCounters& counters;  // its own
    lb::Admission& admission;
    api::PulseLine& pulse;            // its own
    FlowCourier* courier;             // may be null
    StrayExchange* strays = nullptr;  // may be null; not without a courier
    api::SeenLine* seen = nullptr;    // its own; may be null
  };

  // Returns when it runs. E-321, E-329.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> start(WorkerConfig config, Shared shared);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_.value(); }

 private:
  static constexpr std::uint32_t kSweepPeriodMs = 4000;
  // How long frames wait for a lease or a flow which may be about to come, and how often they are
  // tried.
  static constexpr std::chrono::milliseconds kPatience{100};
  static constexpr std::chrono::microseconds kTryEvery{200};
  static constexpr lb::milliseconds kSettling{1000};  // a group that was taken over

  struct Waiting {
    Frame frame = nullptr;
    api::LeaseTime until;
  };
  // Frames to be decided. Those that have an Errand have not come by a port, this time.
  struct Batch {
    std::span<const Frame> frames;
    bool have_errands = false;
    bool may_wait = true;
    std::optional<api::LeaseTime> until = std::nullopt;  // those that wait already do so until then
  };

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
  [[nodiscard]] unsigned take_strays(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  void try_waiting(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  void process(const Batch& batch, const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  [[nodiscard]] lb::GroupRoles roles(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  void wait(Frame frame, const lb::Packet& packet, const Batch& batch) noexcept;
  void redirect(Frame frame, const lb::Flow* flow, const lb::Snapshot& snapshot,
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
  std::vector<Waiting> waiting_, tried_;  // tried_: empty but while they are tried
  api::LeaseTime try_at_;
  lb::GroupSet tried_under_ = 0;  // what was served when they were tried last
  lb::GroupSet served_ = 0, settling_ = 0;
  lb::Tick settling_since_ = 0;
  std::jthread thread_;
};

}  // namespace yoke::io
