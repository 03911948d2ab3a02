// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"
#include "dataplane/lb/counters.h"
#include "dataplane/lb/snapshot.h"
#include "dataplane/lb/trial.h"
#include "dataplane/net/address.h"

namespace yoke::control {

// A data port as control sees it: its place in Snapshot::ports is its index.
struct PortInfo {
  std::string name;           // "wan"; also the name of its kernel twin
  net::MacAddress mac;        // of the port and of its twin
  unsigned twin_ifindex = 0;  // the TAP device in the kernel
};

// What control needs of the packet side; dataplane/io implements it, tests fake it.
// Threads: called by the control thread only.
class Workers {
 public:
  Workers() = default;
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  virtual ~Workers() = default;

  [[nodiscard]] virtual std::span<const PortInfo> ports() const = 0;

  // Makes `next` what every worker runs, from its next burst on. Returns when all have reached it
  // and the one before is freed (QSBR); a worker asleep is woken. Never fails while workers live.
  virtual void publish(std::unique_ptr<const lb::Snapshot> next) = 0;

  // What would become of open flows if `next` were published, by slots of what runs, `services` and
  // `servers` of them (lb/trial.h); tens of milliseconds for a million. Nothing: they could not
  // tell in time, or the packet side does none of it.
  [[nodiscard]] virtual std::optional<lb::Trial::Counts> try_out(
      std::unique_ptr<const lb::Snapshot> /*next*/, std::size_t /*services*/,
      std::size_t /*servers*/) {
    return std::nullopt;
  }

  // One for each worker; they live as long as this object.
  [[nodiscard]] virtual std::span<const lb::WorkerCounters* const> worker_counters() const = 0;
  [[nodiscard]] virtual std::vector<api::PortCounters> port_counters() const = 0;
  [[nodiscard]] virtual std::uint64_t flows_capacity() const = 0;
  // Flows and the peer; nothing where the packet side does none of it.
  [[nodiscard]] virtual api::FlowSyncStatus flow_sync() const { return {}; }
};

}  // namespace yoke::control
