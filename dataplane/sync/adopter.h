// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>

#include "dataplane/lb/flow_journal.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/pipeline.h"
#include "dataplane/lb/snapshot.h"
#include "dataplane/sync/lane.h"
#include "dataplane/sync/parking.h"

// The worker's side of receiving: makes its flow table like the peer's, for services of which this
// unit holds flows (FlowDuty::kReceive). A record is taken for what it says now, so that one that
// comes twice changes nothing; they come in the order in which things happened.
//
// Addresses become slots here, of this worker's snapshot. A SNAT port is as taken by an adopted
// flow as by one of our own: the pipeline looks for it in this very table.
// Threads: owned by one worker.
namespace yoke::sync {

struct AdopterCounters {
  lb::Counter adopted, ended, swept;
  lb::Counter parked, unparked, lost;  // lost: no room to wait; a digest will tell
  lb::Counter unwanted;                // of services whose flows we do not hold
  lb::Counter impossible;              // no flow can be like that
  lb::Counter table_full;
};

class Adopter {
 public:
  static constexpr std::size_t kParked = 4096;
  // How long a unit that has taken over goes on to take what the peer told before, and what lay
  // between the two of them as it did.
  static constexpr lb::milliseconds kLate{1000};
  static constexpr std::size_t kFetched = 16;  // records whose memory is asked for at once

  struct Worker {
    lb::Pipeline& pipeline;
    lb::FlowTable& flows;
    lb::FlowJournal& journal;
    InLane& lane;
  };
  explicit Adopter(const Worker& worker, std::size_t parked = kParked)
      : worker_(worker), parking_(parked) {}

  // Between bursts: takes up to `records` from the lane, and looks at up to `entries` flows where
  // a walk has ended. False if there was nothing to do.
  bool step(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t records,
            std::uint32_t entries) noexcept;
  // What the peer's worker says of a flow with a packet of it (stray.h): it may be newer than the
  // lane, and is never older.
  void take(const FlowRecord& record, const lb::Snapshot& snapshot, lb::Tick now) noexcept;
  [[nodiscard]] const AdopterCounters& counters() const noexcept { return counters_; }

 private:
  enum class Outcome : std::uint8_t { kDone, kWaits };

  [[nodiscard]] std::uint32_t fetch(const lb::Snapshot& snapshot, std::uint32_t records) noexcept;
  [[nodiscard]] bool apply(const Record& record, const lb::Snapshot& snapshot,
                           lb::Tick now) noexcept;
  void end(const FlowRecord& record, const lb::Snapshot& snapshot) noexcept;
  [[nodiscard]] Outcome adopt(const FlowRecord& record, const lb::Snapshot& snapshot,
                              lb::Tick now) noexcept;
  void begin_walk(const BucketRecord& begin, const lb::Snapshot& snapshot) noexcept;
  void mark(const lb::BucketSet& set) noexcept;
  void sweep(const lb::Snapshot& snapshot, std::uint32_t entries) noexcept;
  void note_duties(lb::Tick now) noexcept;
  [[nodiscard]] bool is_late(std::uint16_t service, lb::Tick now) const noexcept;
  [[nodiscard]] bool is_free(const FlowRecord& record, const lb::Flow& flow,
                             const lb::Snapshot& snapshot) noexcept;
  void note_services(const ServicesRecord& record, const lb::Snapshot& snapshot) noexcept;
  [[nodiscard]] bool is_spoken_for(const lb::Flow& flow) const noexcept;
  void answer(std::uint32_t round, const lb::Snapshot& snapshot) noexcept;

  Worker worker_;
  Parking parking_;
  AdopterCounters counters_;
  std::uint64_t generation_ = 0;  // of the snapshot under which those parked were last tried
  bool is_configured_ = false;    // that snapshot has a service
  // Of each bucket, the mark of flows that were told since the last walk of it began; and whether
  // that walk's sweep is still to come.
  lb::BucketSet fresh_marks_, is_walked_;
  lb::BucketSet sweeping_;
  // Streams whose walk has told the flows of a service. One that was begun under other duties of
  // ours is void: what it told then was not taken.
  struct Spoken {
    std::uint16_t incarnation = 0;
    std::uint8_t streams = 0;
  };
  std::array<Spoken, limits::kVips> spoken_{};
  std::uint8_t streams_ = 0;  // that must have; 0: the walk is void
  bool is_void_ = false;
  std::uint32_t changes_ = 0;  // of duties (FlowJournal)
  lb::FlowDuties duties_{};    // as of then
  std::bitset<limits::kVips> taken_over_;
  lb::Tick taken_over_at_ = 0;
  std::uint32_t sweep_place_ = 0;
};

}  // namespace yoke::sync
