// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/io/frame_ring.h"
#include "dataplane/io/tap.h"
#include "dataplane/io/wake.h"
#include "dataplane/lb/counters.h"
#include "hal/base/result.h"

// The kernel beside the data plane: each port has a TAP twin that carries the unit's own addresses.
// Frames that workers punt are written to the twin of the port they came in by; frames that the
// kernel sends are read from it, for worker 0 to transmit.
//
//   worker w --punt ring w--> this thread --write--> twin          (punt(), one ring a worker)
//   worker 0 <--port ring p-- this thread <--read--- twin of p     (take(), one ring a port)
//
// No worker ever enters the kernel for this; the thread sleeps until a twin or a worker has work.
namespace yoke::io {

// Of one port's twin. Written by the thread of the kernel path, the last three by worker 0.
struct TwinCounters {
  lb::Counter delivered;  // punted frames the kernel took
  lb::Counter refused;    // punted frames it did not (a runt, the twin set down)
  lb::Counter read;       // frames the kernel sent
  lb::Counter overrun;    // of those, lost because worker 0 does not keep up
  lb::Counter sent;       // of those, accepted by the port
  lb::Counter unsent;     // of those, refused by the port
  lb::Counter unserved;   // of those, from an address that is served under a lease, without one
};

class KernelPath {
 public:
  static constexpr unsigned kPuntRingFrames = 1024;
  static constexpr unsigned kPortRingFrames = 512;

  // `twins` by port; `pool` and `transmitter`, the wake of worker 0, outlive this object.
  [[nodiscard]] static Result<std::unique_ptr<KernelPath>> start(std::vector<Tap> twins,
                                                                 unsigned workers,
                                                                 rte_mempool& pool,
                                                                 Wake& transmitter);
  KernelPath(const KernelPath&) = delete;
  KernelPath& operator=(const KernelPath&) = delete;
  ~KernelPath();

  // For the twin of the port that each frame says in `port`. How many were taken, from the front;
  // the rest stay the caller's. Threads: worker `worker`.
  [[nodiscard]] unsigned punt(unsigned worker, std::span<const Frame> frames) noexcept {
    const unsigned taken = punts_[worker].push(frames);
    if (taken > 0) wake_.call();
    return taken;
  }
  // Frames that the kernel wants sent by port `port`. Threads: worker 0.
  [[nodiscard]] unsigned take(unsigned port, std::span<Frame> frames) noexcept {
    return sends_[port].pop(frames);
  }

  [[nodiscard]] unsigned ports() const noexcept { return static_cast<unsigned>(twins_.size()); }
  [[nodiscard]] TwinCounters& counters(unsigned port) noexcept { return counters_[port]; }
  [[nodiscard]] const TwinCounters& counters(unsigned port) const noexcept {
    return counters_[port];
  }

 private:
  static constexpr unsigned kRound = 32;  // frames of one source before the next gets its turn

  KernelPath(std::vector<Tap> twins, rte_mempool& pool, Wake& transmitter);
  void run(const std::stop_token& stop);
  [[nodiscard]] unsigned deliver();
  [[nodiscard]] unsigned collect();
  [[nodiscard]] unsigned read_twin(unsigned port);
  [[nodiscard]] bool send(unsigned port, Frame frame, std::uint16_t length) noexcept;
  void sleep();

  std::vector<Tap> twins_;
  rte_mempool& pool_;
  Wake& transmitter_;
  Wake wake_;
  std::vector<FrameRing> punts_;  // by worker
  std::vector<FrameRing> sends_;  // by port
  std::vector<TwinCounters> counters_;
  std::vector<pollfd> waits_;  // the wake, then each twin
  std::jthread thread_;
};

}  // namespace yoke::io
