// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/api/messages.h"
#include "dataplane/io/flow_desk.h"
#include "dataplane/io/flow_link.h"
#include "dataplane/io/wake.h"
#include "dataplane/sync/receiver.h"
#include "dataplane/sync/sender.h"
#include "hal/base/clock.h"

// The one thread between all workers and the peer: it has the sender and the receiver of flow sync,
// and the link. No packet goes through it, and no worker waits for it.
namespace yoke::io {

class StrayExchange;  // stray_exchange.h

// Threads: start() and the destructor by main; report() by any.
class FlowCourier {
 public:
  // Listens at `path` for whoever carries its frames. E-347, E-321. `workers` are how they are
  // woken, and outlive it; `flows` is what all of them hold. `strays`, which go by the same link,
  // outlive it; null: none do.
  [[nodiscard]] static Result<std::unique_ptr<FlowCourier>> start(const std::string& path,
                                                                  std::vector<Wake*> workers,
                                                                  std::uint64_t flows,
                                                                  StrayExchange* strays = nullptr);
  FlowCourier(const FlowCourier&) = delete;
  FlowCourier& operator=(const FlowCourier&) = delete;
  ~FlowCourier();

  [[nodiscard]] FlowLanes& lanes(unsigned worker) noexcept { return *lanes_[worker]; }
  // Null where there is one worker, which has all flows.
  [[nodiscard]] lb::FlowDirectory* directory() noexcept {
    return directory_ ? &*directory_ : nullptr;
  }
  [[nodiscard]] Wake& wake() noexcept { return wake_; }
  [[nodiscard]] api::FlowSyncStatus report() const noexcept;

 private:
  FlowCourier(std::unique_ptr<FlowLink> link, std::vector<Wake*> workers, std::uint64_t flows,
              StrayExchange* strays);
  void run(const std::stop_token& stop) noexcept;
  [[nodiscard]] bool carry(MonoTime now) noexcept;
  void deliver(FlowLink::Frame frame, MonoTime now) noexcept;
  [[nodiscard]] unsigned send(MonoTime now) noexcept;
  [[nodiscard]] unsigned send_strays() noexcept;
  void call_workers() noexcept;
  void sleep(MonoTime now) noexcept;
  void tell(MonoTime now) noexcept;

  std::unique_ptr<FlowLink> link_;
  std::vector<Wake*> workers_;
  StrayExchange* strays_;                          // may be null
  std::vector<std::unique_ptr<FlowLanes>> lanes_;  // by worker
  std::optional<lb::FlowDirectory> directory_;
  Wake wake_;
  std::optional<sync::Sender> sender_;
  std::optional<sync::Receiver> receiver_;
  std::atomic<bool> has_link_{false}, is_told_{false}, is_whole_{false};
  std::atomic<std::uint64_t> lag_us_{0}, told_{0}, heard_{0};
  std::jthread thread_;
};

}  // namespace yoke::io
