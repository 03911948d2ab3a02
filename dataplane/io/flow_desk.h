// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/io/wake.h"
#include "dataplane/lb/flow_directory.h"
#include "dataplane/lb/flow_journal.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/pipeline.h"
#include "dataplane/sync/adopter.h"
#include "dataplane/sync/exporter.h"
#include "dataplane/sync/lane.h"

// A worker's side of flow sync: what its flows do is told to the peer, what the peer tells becomes
// its flows, and the leases say which of both for each service.
namespace yoke::io {

// What stands between a worker and the courier. Adopted: written by the worker.
struct FlowLanes {
  static constexpr std::size_t kRecords = 1 << 14;

  sync::OutLane out{kRecords};
  sync::InLane in{kRecords};
  lb::Counter adopted;
};

// Threads: owned by one worker.
class FlowDesk {
 public:
  // All outlive it. `directory` may be null.
  FlowDesk(lb::Pipeline& pipeline, lb::FlowTable& flows, lb::FlowDirectory* directory,
           FlowLanes& lanes, Wake& courier);
  FlowDesk(const FlowDesk&) = delete;
  FlowDesk& operator=(const FlowDesk&) = delete;
  ~FlowDesk() = default;

  // After each burst, before what it answers leaves.
  void flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  // What a stray brings of its flow, before the stray itself is decided.
  void adopt(const sync::FlowRecord& flow, const lb::Snapshot& snapshot, lb::Tick now) noexcept {
    adopter_.take(flow, snapshot, now);
  }
  // Between bursts. False if there was nothing to do.
  bool turn(const lb::Snapshot& snapshot, lb::Tick now, lb::GroupSet served) noexcept;

 private:
  void take_duties(const lb::Snapshot& snapshot, lb::GroupSet served) noexcept;
  void call_courier() noexcept;

  lb::FlowJournal journal_;
  FlowLanes& lanes_;
  Wake& courier_;
  sync::Exporter exporter_;
  sync::Adopter adopter_;
  std::uint64_t generation_ = ~std::uint64_t{0};  // of the snapshot that the duties are of
  lb::GroupSet served_ = 0;
  std::uint64_t told_ = 0;  // OutLane::given when the courier was last called
};

}  // namespace yoke::io
