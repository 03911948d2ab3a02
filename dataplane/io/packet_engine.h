// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/api/lease_page.h"
#include "dataplane/api/pulse_page.h"
#include "dataplane/api/seen_page.h"
#include "dataplane/control/workers.h"
#include "dataplane/io/device.h"
#include "dataplane/io/eal.h"
#include "hal/base/result.h"

// The packet side of the unit: ports, workers, the kernel path. What it forwards, and where, is in
// the snapshot that control publishes; until the first one, no frame is taken from any port.
namespace yoke::io {

struct PortConfig {
  std::string name;  // of the port, and of its kernel twin
  Device device;
  std::uint16_t mtu = 1500;  // kMtuMin to kMtuMax
};
inline constexpr std::uint16_t kMtuMin = 1280;  // of IPv6 (RFC 8200 section 5)
inline constexpr std::uint16_t kMtuMax = 9216;  // what NICs and switches call jumbo

enum class IdleMode : std::uint8_t {
  kAdaptive,  // an idle worker sleeps until its ports or other threads have work for it
  kPoll,      // never sleeps: for isolated cores
};

struct EngineConfig {
  std::vector<PortConfig> ports;  // at most limits::kPorts, with unique names
  std::vector<unsigned> cores;    // one worker each, pinned; none: one worker that runs anywhere
  IdleMode idle = IdleMode::kAdaptive;
  std::uint32_t flows = 1u << 20;     // a worker
  bool kernel_twins = true;           // without, what would be punted is dropped as punt-full
  std::uint32_t punts_per_s = 20000;  // a worker; protects the kernel and what runs beside us
  std::uint32_t punt_burst = 2000;
  std::string flow_socket;  // where a flow relay connects (flow_link.h); empty: nowhere
  const api::LeasePage* leases = nullptr;  // outlives the engine; null: there are none
  api::PulsePage* pulses = nullptr;        // written; outlives the engine; null: nobody asks
  api::SeenPage* seen = nullptr;           // outlives the engine; null: nobody asks
};

// What the port's kernel twin exchanged with the world; not part of the workers' counters.
struct TwinReport {
  std::string port;
  std::uint64_t delivered = 0, refused = 0;                                 // to the kernel
  std::uint64_t read = 0, overrun = 0, sent = 0, unsent = 0, unserved = 0;  // from the kernel
};

class PacketEngine : public control::Workers {
 public:
  // Everything runs on return. E-321 to E-329, with nothing left behind. `eal` outlives the engine.
  [[nodiscard]] static Result<std::unique_ptr<PacketEngine>> start(const EngineConfig& config,
                                                                   Eal& eal);
  PacketEngine(const PacketEngine&) = delete;
  PacketEngine& operator=(const PacketEngine&) = delete;
  ~PacketEngine() override;

  [[nodiscard]] std::span<const control::PortInfo> ports() const override;
  void publish(std::unique_ptr<const lb::Snapshot> next) override;
  [[nodiscard]] std::optional<lb::Trial::Counts> try_out(std::unique_ptr<const lb::Snapshot> next,
                                                         std::size_t services,
                                                         std::size_t servers) override;
  [[nodiscard]] std::span<const lb::WorkerCounters* const> worker_counters() const override;
  [[nodiscard]] std::vector<api::PortCounters> port_counters() const override;
  [[nodiscard]] std::uint64_t flows_capacity() const override;
  [[nodiscard]] api::FlowSyncStatus flow_sync() const override;

  // Empty without twins. Threads: any.
  [[nodiscard]] std::vector<TwinReport> twin_reports() const;
  // When worker `worker` last came round, asleep or not; for a watchdog. Threads: any.
  [[nodiscard]] std::uint64_t worker_rounds(unsigned worker) const;

 private:
  class Parts;
  explicit PacketEngine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace yoke::io
