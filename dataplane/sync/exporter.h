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

  // Of other duties than before, everything is owed anew; a walk under way is void.
  void set_duties(const lb::FlowDuties& duties) noexcept;

  // After each burst and each sweep, under the same snapshot.
  void flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  // Between bursts: goes on with what is ordered, looking at up to `entries` flows. False if there
  // was nothing to do.
  bool step(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;

 private:
  enum class Walk : std::uint8_t { kNone, kBegins, kGoes, kSpeaks, kEnds };

  [[nodiscard]] bool clear(lb::Tick now, std::uint32_t entries) noexcept;
  [[nodiscard]] bool take_order(const lb::Snapshot& snapshot) noexcept;
  bool walk(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;
  void visit(lb::Flow& flow, const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  bool refresh(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept;
  [[nodiscard]] bool tell_flows(const lb::Snapshot& snapshot, lb::Tick now,
                                std::uint32_t entries) noexcept;
  [[nodiscard]] bool tell_services(const lb::Snapshot& snapshot) noexcept;
  void take_stock(const lb::Snapshot& snapshot, std::uint32_t round) noexcept;
  [[nodiscard]] bool give(const Record& record) noexcept;
  void owe_all() noexcept;

  lb::FlowJournal& journal_;
  lb::FlowTable& flows_;
  OutLane& lane_;
  bool sends_ = false;  // something of ours is the peer's to know
  std::uint32_t clear_place_ = 1;
  Walk walk_ = Walk::kNone;
  Order order_;                   // of the walk
  bool is_void_ = false;          // the walk speaks for nothing
  std::uint32_t walk_place_ = 0;  // of the flow table, or of the services
  std::uint32_t refresh_place_ = 0;
  lb::Tick refreshed_ = 0;
  std::uint64_t implied_digest_ = 0;
};

// Which services have this duty: the same number on both units for the same services and hash key.
[[nodiscard]] std::uint64_t services_digest(const lb::FlowJournal& journal, lb::FlowDuty duty,
                                            const lb::Snapshot& snapshot) noexcept;

// What the peer is told of a flow; nothing if its service, or the server that it needs, is gone.
[[nodiscard]] std::optional<FlowRecord> record_of(const lb::Flow& flow, Kind kind,
                                                  const lb::Snapshot& snapshot,
                                                  lb::Tick now) noexcept;

}  // namespace yoke::sync
