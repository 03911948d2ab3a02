// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/io/frame_ring.h"
#include "dataplane/io/wake.h"
#include "dataplane/lb/counters.h"
#include "dataplane/sync/stray.h"
#include "hal/base/result.h"

// Strays between workers and the courier: packets for a group that this unit has just handed over,
// on their way to the other unit, and those that the other sends on to us. Two rings a worker; who
// finds one full drops. A flow's record goes before the packet's octets, in the frame's headroom.
//
//   worker w --ring--> courier --pieces--> the other's courier --ring--> worker, as a frame that
//                                                                        has come in by its port
namespace yoke::io {

class StrayExchange {
 public:
  static constexpr unsigned kRingFrames = 512;
  // Of one worker, in its rings.
  static constexpr unsigned kFramesAWorker = 2 * kRingFrames;

  struct Counters {
    lb::Counter sent, taken;  // packets
    lb::Counter lost;         // no memory, no room, no port, or nobody to carry it
  };

  // `pool` and the workers' wakes outlive it.
  [[nodiscard]] static Result<std::unique_ptr<StrayExchange>> make(rte_mempool& pool,
                                                                   std::vector<Wake*> workers);
  StrayExchange(const StrayExchange&) = delete;
  StrayExchange& operator=(const StrayExchange&) = delete;
  ~StrayExchange();

  // ---- threads: worker `worker`
  // Takes the frame, if there is room.
  [[nodiscard]] bool give(unsigned worker, Frame frame,
                          const std::optional<sync::Record>& flow) noexcept;
  // Frames with an Errand (handover.h), behind detach().
  [[nodiscard]] unsigned take(unsigned worker, std::span<Frame> frames) noexcept {
    return lanes_[worker].in.pop(frames);
  }
  // The record that a frame which was taken brings, if it does; to be asked for once.
  [[nodiscard]] static std::optional<sync::FlowRecord> detach(Frame frame) noexcept;

  // ---- threads: the courier
  // The next piece to send, valid until the next call; empty: none.
  [[nodiscard]] std::span<const std::uint8_t> next() noexcept;
  [[nodiscard]] bool is_empty() const noexcept;
  // Nobody carries what waits.
  void drop_all() noexcept;
  // What the other unit sends on, to the worker that has, or will have, the flow.
  void deliver(std::span<const std::uint8_t> piece) noexcept;

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  struct Lane {
    FrameRing out, in;
  };

  StrayExchange(rte_mempool& pool, std::vector<Wake*> workers, std::vector<Lane> lanes);
  [[nodiscard]] bool begin_next() noexcept;
  void end_cut() noexcept;

  rte_mempool& pool_;
  std::vector<Wake*> workers_;
  std::vector<Lane> lanes_;  // by worker
  Frame cut_ = nullptr;      // is being cut
  unsigned turn_ = 0;        // the worker whose ring is next
  sync::StrayCutter cutter_;
  sync::StrayJoiner joiner_;
  std::array<std::uint8_t, sync::kFrameBytesMax> room_;
  Counters counters_;
};

}  // namespace yoke::io
