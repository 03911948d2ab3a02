// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/lb/flow_journal.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/snapshot.h"
#include "dataplane/sync/lane.h"

// The worker's side of sending: turns what its journal noted into records, walks its table where a
// walk is ordered, and takes stock for digests. Never waits: what does not fit is marked as a gap,
// of which a walk follows; walks and refreshes leave half and three quarters of the ring to what
// happens now. Threads: owned by one worker.
namespace yoke::sync {

class Exporter {
 public:
  // How often flows that live on are told anew, so that the peer knows how long they may rest.
  static constexpr lb::milliseconds kRefreshPeriod{30'000};

  Exporter(lb::FlowJournal& journal, lb::FlowTable& flows, OutLane& lane) noexcept
      : journal_(journal), flows_(flows), lane_(lane) {}

  // Of other duties than before, everything is owed anew.
  void set_duties(const lb::FlowDuties& duties) noexcept;

  // After each burst and each sweep, under the same snapshot.
  void flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  // Between bursts: goes on with what is ordered, looking at up to `entries` flows. False if there
  // was nothing to do.
  bool step(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;

 private:
  enum class Walk : std::uint8_t { kNone, kBegins, kGoes, kEnds };

  [[nodiscard]] bool clear(lb::Tick now, std::uint32_t entries) noexcept;
  [[nodiscard]] bool take_order() noexcept;
  bool walk(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;
  void visit(lb::Flow& flow, const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  bool refresh(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;
  void take_stock(std::uint32_t round) noexcept;
  [[nodiscard]] bool give(const Record& record) noexcept;

  lb::FlowJournal& journal_;
  lb::FlowTable& flows_;
  OutLane& lane_;
  bool sends_ = false;  // something of ours is the peer's to know
  std::uint32_t clear_place_ = 1;
  Walk walk_ = Walk::kNone;
  Order order_;  // of the walk
  std::uint32_t walk_place_ = 0;
  std::uint32_t refresh_place_ = 0;
  lb::Tick refreshed_ = 0;
  std::uint64_t implied_digest_ = 0;
};

// What the peer is told of a flow; nothing if its service, or the server that it needs, is gone.
[[nodiscard]] std::optional<FlowRecord> record_of(const lb::Flow& flow, Kind kind,
                                                  const lb::Snapshot& snapshot,
                                                  lb::Tick now) noexcept;

}  // namespace yoke::sync
