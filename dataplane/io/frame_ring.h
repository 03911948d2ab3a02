// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <memory>
#include <span>
#include <string>

#include "hal/base/result.h"

// Packet memory as objects that cannot leak: the pool that all frames live in, and a queue of
// frames from one thread to another.
namespace yoke::io {

using Frame = rte_mbuf*;

struct PoolDeleter {
  void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};
using FramePool = std::unique_ptr<rte_mempool, PoolDeleter>;

// `frames` buffers for frames of up to `frame_bytes`, in one piece without gaps. Threads: the pool,
// any.
[[nodiscard]] Result<FramePool> make_frame_pool(const std::string& name, unsigned frames,
                                                unsigned frame_bytes);

// Threads: push() by one, pop() by one other; is_empty() by any.
class FrameRing {
 public:
  // `capacity` is a power of two; the ring holds one less.
  [[nodiscard]] static Result<FrameRing> make(const std::string& name, unsigned capacity);

  // How many of `frames`, from the front, the ring took; the rest stay the caller's.
  [[nodiscard]] unsigned push(std::span<const Frame> frames) noexcept {
    return rte_ring_sp_enqueue_burst(ring_.get(), reinterpret_cast<void* const*>(frames.data()),
                                     static_cast<unsigned>(frames.size()), nullptr);
  }
  // How many frames came, at the front of `frames`; they are the caller's.
  [[nodiscard]] unsigned pop(std::span<Frame> frames) noexcept {
    return rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(frames.data()),
                                     static_cast<unsigned>(frames.size()), nullptr);
  }
  [[nodiscard]] bool is_empty() const noexcept { return rte_ring_empty(ring_.get()) != 0; }

 private:
  struct Drain {
    void operator()(rte_ring* ring) const noexcept;
  };
  explicit FrameRing(rte_ring* ring) : ring_(ring) {}

  std::unique_ptr<rte_ring, Drain> ring_;
};

}  // namespace yoke::io
