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
#include "dataplane/limits.h"
#include "hal/base/result.h"

// From worker to worker: one ring for each ordered pair, so that none is shared by two writers.
//
// A frame is handed over to be decided by its flow's owner, or, decided already, to be sent by the
// one worker that has a queue of the port; its Errand says which. Frames that wait in a worker for
// a later round have one as well.
namespace yoke::io {

struct Errand {
  bool decided = false;
  bool is_reply = false;   // if decided: counted as replied, not tx
  std::uint8_t port = 0;   // if decided: leaves by this
  std::uint8_t group = 0;  // if decided: whose VIPs it comes from (lb::Verdict)
  // If not decided:
  bool is_stray = false;    // the other unit has sent it on (lb::Packet)
  bool is_guided = false;   // it was handed over, and so will be those that follow
  bool has_record = false;  // a flow's record goes before it (stray_exchange.h)

  // Kept in a field of the frame that no driver looks at on the way out.
  void write(Frame frame) const noexcept {
    frame->hash.usr = (decided ? kDecided : 0u) | (is_reply ? kReply : 0u) |
                      (is_stray ? kStray : 0u) | (is_guided ? kGuided : 0u) |
                      (has_record ? kRecord : 0u) | std::uint32_t{group} << kGroupShift | port;
  }
  [[nodiscard]] static Errand read(const rte_mbuf* frame) noexcept {
    const std::uint32_t word = frame->hash.usr;
    return {(word & kDecided) != 0,
            (word & kReply) != 0,
            static_cast<std::uint8_t>(word),
            static_cast<std::uint8_t>(word >> kGroupShift),
            (word & kStray) != 0,
            (word & kGuided) != 0,
            (word & kRecord) != 0};
  }

 private:
  static constexpr std::uint32_t kDecided = 1u << 8;
  static constexpr std::uint32_t kReply = 1u << 9;
  static constexpr std::uint32_t kStray = 1u << 10;
  static constexpr std::uint32_t kGuided = 1u << 11;
  static constexpr std::uint32_t kRecord = 1u << 12;
  static constexpr unsigned kGroupShift = 16;
};

// Threads: give() by worker `from`, take() and has_any() by worker `to`.
class Handover {
 public:
  static constexpr unsigned kRingFrames = 512;

  [[nodiscard]] static Result<std::unique_ptr<Handover>> make(unsigned workers);

  // How many of `frames` the other took; the rest stay the caller's.
  [[nodiscard]] unsigned give(unsigned from, unsigned to, std::span<const Frame> frames) noexcept {
    const unsigned taken = ring(from, to).push(frames);
    if (taken > 0) wake_[to].call();
    return taken;
  }
  [[nodiscard]] unsigned take(unsigned from, unsigned to, std::span<Frame> frames) noexcept {
    return ring(from, to).pop(frames);
  }
  [[nodiscard]] Wake& wake(unsigned worker) noexcept { return wake_[worker]; }
  [[nodiscard]] unsigned workers() const noexcept { return workers_; }

 private:
  explicit Handover(unsigned workers) : workers_(workers), wake_(workers) {}
  FrameRing& ring(unsigned from, unsigned to) noexcept { return *rings_[from * workers_ + to]; }

  unsigned workers_;
  std::vector<std::optional<FrameRing>> rings_;  // [from][to]; none to oneself
  std::vector<Wake> wake_;
};

}  // namespace yoke::io
