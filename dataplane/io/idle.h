// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/io/packet_engine.h"
#include "dataplane/io/port.h"
#include "dataplane/io/wake.h"

// What a worker does when a round brought nothing. Threads: owned by one worker.
namespace yoke::io {

struct WatchedQueue {
  std::uint16_t port_id = 0;  // DPDK's
  std::uint16_t queue = 0;
  QueueWait wait;
};

class IdleStrategy {
 public:
  virtual ~IdleStrategy() = default;

  // Called after a round that found something.
  virtual void busy() noexcept = 0;
  // Called after a round that found nothing. True: the worker may sleep now, by sleep().
  [[nodiscard]] virtual bool wants_sleep() noexcept = 0;
  virtual void sleep() noexcept = 0;
};

// `wake` outlives the strategy.
[[nodiscard]] std::unique_ptr<IdleStrategy> make_idle_strategy(IdleMode mode, Wake& wake,
                                                               std::vector<WatchedQueue> queues);

}  // namespace yoke::io
