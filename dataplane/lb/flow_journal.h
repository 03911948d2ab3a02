// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/limits.h"

// What happens to the flows of one worker, noted as it happens, for whoever keeps the peer's table
// like ours (dataplane/sync). Between two bursts somebody takes the notes; the packet path itself
// does nothing but copy a line that it has just written.
//
// Noted are flows that a unit without them could not go on with: in nat from the server's first
// answer on, so that all is there before the client can take the connection for open; in dsr those
// whose server is not the one that the table gives. SYNs that nobody has answered cost nothing.
// The same flows are summed up in a digest, whether we send them or receive them.
// Threads: owned by one worker.
namespace yoke::lb {

// What a unit does about the flows of a service: nothing, tell the peer, or hold what it tells.
enum class FlowDuty : std::uint8_t { kNone, kSend, kReceive };
using FlowDuties = std::array<FlowDuty, limits::kVips>;  // by service slot

// Whether a peer must be told of it to go on with it.
[[nodiscard]] inline bool needs_record(const Flow& flow) noexcept {
  if (flow.is_nat == 0) return flow.diverted != 0;
  return flow.state != FlowState::kUdpOne && flow.state != FlowState::kSynSent;
}

class FlowJournal {
 public:
  // Room for `notes` between two calls of take().
  explicit FlowJournal(std::size_t notes);

  // For the pipeline, right after the flow has changed. `before` is stage_of() it then.
  void opened(Flow& flow) noexcept { settle(flow, 0, true); }
  void changed(Flow& flow, std::uint8_t before) noexcept { settle(flow, before, true); }
  void ended(Flow& flow) noexcept { settle(flow, stage_of(flow), false); }
  // Held for the peer, which alone says when it ends.
  [[nodiscard]] bool is_held(const Flow& flow) const noexcept {
    return duty_of(flow) == FlowDuty::kReceive || is_clearing_;
  }

  // A copy of the flow: as it is now, or, with in_use 0, as it ended; `counted` says whether the
  // peer had been told of it before.
  [[nodiscard]] std::span<const Flow> notes() const noexcept { return {notes_.data(), noted_}; }
  // Buckets of which notes were lost for want of room.
  [[nodiscard]] const BucketSet& lost() const noexcept { return lost_; }
  void clear_notes() noexcept {
    noted_ = 0;
    lost_ = {};
  }

  [[nodiscard]] FlowDuty duty_of(std::uint16_t service) const noexcept { return duties_[service]; }
  [[nodiscard]] FlowDuty duty_of(const Flow& flow) const noexcept { return duty_of(flow.service); }
  // Where a service had another duty than none before, the digests are void: they are empty until
  // begin_counting(), and clear() must have been called for every flow before that.
  // False if they are those of before.
  bool set_duties(const FlowDuties& duties) noexcept;
  [[nodiscard]] bool is_clearing() const noexcept { return is_clearing_; }
  // How often the duties were other ones than before.
  [[nodiscard]] std::uint32_t changes() const noexcept { return changes_; }
  // Starts the idle time of those anew that were held for the peer until now: nobody has told how
  // long they rested.
  void clear(Flow& flow, Tick now) noexcept;
  void begin_counting() noexcept { is_clearing_ = false; }

  [[nodiscard]] const FlowDigest& sent() const noexcept { return sent_; }
  [[nodiscard]] const FlowDigest& received() const noexcept { return received_; }

 private:
  void settle(Flow& flow, std::uint8_t before, bool lives) noexcept;

  FlowDuties duties_{};
  FlowDuties earlier_{};  // while clearing
  bool is_clearing_ = false;
  std::uint32_t changes_ = 0;
  FlowDigest sent_, received_;
  std::vector<Flow> notes_;
  std::size_t noted_ = 0;
  BucketSet lost_;
};

}  // namespace yoke::lb
