// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/packet_engine.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "dataplane/io/errors.h"
#include "dataplane/io/flow_courier.h"
#include "dataplane/io/frame_ring.h"
#include "dataplane/io/handover.h"
#include "dataplane/io/kernel_path.h"
#include "dataplane/io/lease_gate.h"
#include "dataplane/io/port.h"
#include "dataplane/io/snapshot_slot.h"
#include "dataplane/io/stray_exchange.h"
#include "dataplane/io/telemetry.h"
#include "dataplane/io/worker.h"
#include "hal/base/clock.h"

namespace yoke::io {
namespace {

constexpr unsigned kFrameBytes = 2048;    // what a frame of MTU 1500 gets; AF_XDP wants no less
constexpr unsigned kLinkBytes = 26;       // header, two VLAN tags, checksum
constexpr unsigned kWorkerFrames = 1024;  // in its cache, and in its hands

constexpr std::chrono::milliseconds kTrialPatience{300};
constexpr std::chrono::microseconds kTrialLook{200};

unsigned worker_count(const EngineConfig& config) {
  return std::max(1u, static_cast<unsigned>(config.cores.size()));
}

Status check(const EngineConfig& config) {
  if (config.ports.empty() || config.ports.size() > limits::kPorts) {
    return fail(Errc::kInvalid, error::kDevice,
                std::to_string(config.ports.size()) + " ports: expected 1 to " +
                    std::to_string(limits::kPorts));
  }
  if (config.cores.size() > limits::kWorkers) {
    return fail(Errc::kInvalid, error::kCores,
                std::to_string(config.cores.size()) + " worker cores: at most " +
                    std::to_string(limits::kWorkers));
  }
  for (auto port = config.ports.begin(); port != config.ports.end(); ++port) {
    const auto is_same = [&](const PortConfig& other) { return other.name == port->name; };
    if (std::any_of(config.ports.begin(), port, is_same)) {
      return fail(Errc::kInvalid, error::kDevice, "two ports have the name " + port->name);
    }
    if (port->mtu < kMtuMin || port->mtu > kMtuMax) {
      return fail(Errc::kInvalid, error::kDevice,
                  "port " + port->name + ": mtu " + std::to_string(port->mtu) + ", expected " +
                      std::to_string(kMtuMin) + " to " + std::to_string(kMtuMax));
    }
  }
  return {};
}

unsigned frame_bytes(const EngineConfig& config) {
  unsigned bytes = kFrameBytes;
  for (const PortConfig& port : config.ports) bytes = std::max(bytes, port.mtu + kLinkBytes);
  return (bytes + 63) / 64 * 64;
}

// A NIC takes a burst in some hundred cycles. Every other kind of device makes a system call, which
// takes its time for each frame and may be made to wait.
constexpr std::uint8_t kPiece = 8;
std::uint8_t piece_for(const Device& device) {
  if (device.kind == Device::Kind::kPci) return limits::kBurst;
  return kPiece;
}

}  // namespace

// In the order in which they are made; they end in reverse.
class PacketEngine::Parts {
 public:
  explicit Parts(const EngineConfig& config)
      : pulses(config.pulses == nullptr ? &own_pulses : config.pulses),
        snapshots(worker_count(config)) {}

  Status open_ports(const EngineConfig& config, Eal& eal);
  Status make_twins(const EngineConfig& config);
  Status start_workers(const EngineConfig& config);
  void wake_workers();

  api::LeasePage no_leases;
  api::PulsePage own_pulses;
  api::PulseLine unseen_pulse;
  api::PulsePage* pulses = nullptr;
  FramePool pool;
  std::vector<std::unique_ptr<Port>> ports;
  std::vector<control::PortInfo> infos;
  SnapshotSlot snapshots;
  std::unique_ptr<Handover> handover;
  std::unique_ptr<KernelPath> kernel;
  std::vector<std::unique_ptr<lb::WorkerCounters>> owned_counters;  // by worker
  std::vector<const lb::WorkerCounters*> counters;
  std::unique_ptr<lb::Admission> admission;
  std::unique_ptr<StrayExchange> strays;  // null without a courier
  std::unique_ptr<FlowCourier> courier;   // may be null
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint64_t flows_capacity = 0;

 private:
  [[nodiscard]] unsigned frames_needed(const EngineConfig& config) const;
  [[nodiscard]] WorkerConfig worker_config(const EngineConfig& config, unsigned id,
                                           MonoTime epoch) const;
};

unsigned PacketEngine::Parts::frames_needed(const EngineConfig& config) const {
  const unsigned count = worker_count(config);
  unsigned frames = count * kWorkerFrames + count * (count - 1) * Handover::kRingFrames;
  for (const auto& port : ports) frames += port->frames_held();
  if (!config.flow_socket.empty()) frames += count * StrayExchange::kFramesAWorker;
  frames += count * Worker::kWaiting;
  if (config.kernel_twins) {
    frames += kWorkerFrames + count * KernelPath::kPuntRingFrames +
              static_cast<unsigned>(ports.size()) * KernelPath::kPortRingFrames;
  }
  return frames;
}

Status PacketEngine::Parts::open_ports(const EngineConfig& config, Eal& eal) {
  for (const PortConfig& port : config.ports) {
    auto opened = Port::open(port, worker_count(config), eal);
    if (!opened) return tl::unexpected(opened.error());
    infos.push_back({port.name, (*opened)->mac(), 0});
    ports.push_back(std::move(*opened));
  }
  auto made = make_frame_pool("yoke-frames", frames_needed(config), frame_bytes(config));
  if (!made) return tl::unexpected(made.error());
  pool = std::move(*made);
  for (const auto& port : ports) {
    if (auto fine = port->start(*pool, eal); !fine) return fine;
  }
  auto rings = Handover::make(worker_count(config));
  if (!rings) return tl::unexpected(rings.error());
  handover = std::move(*rings);
  return {};
}

Status PacketEngine::Parts::make_twins(const EngineConfig& config) {
  std::vector<Tap> twins;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto twin = Tap::make(infos[i].name, infos[i].mac, config.ports[i].mtu);
    if (!twin) return tl::unexpected(twin.error());
    infos[i].twin_ifindex = twin->ifindex();
    twins.push_back(std::move(*twin));
  }
  auto path = KernelPath::start(std::move(twins), worker_count(config), *pool, handover->wake(0));
  if (!path) return tl::unexpected(path.error());
  kernel = std::move(*path);
  return {};
}

WorkerConfig PacketEngine::Parts::worker_config(const EngineConfig& config, unsigned id,
                                                MonoTime epoch) const {
  const unsigned count = worker_count(config);
  WorkerConfig worker;
  worker.id = static_cast<std::uint8_t>(id);
  worker.workers = static_cast<std::uint8_t>(count);
  if (!config.cores.empty()) worker.core = config.cores[id];
  worker.flows = config.flows;
  worker.idle = config.idle;
  worker.limits = {config.punts_per_s, config.punt_burst};
  worker.epoch = epoch;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const Port& port = *ports[p];
    for (unsigned queue = id; queue < port.rx_queues(); queue += count) {
      const auto q = static_cast<std::uint16_t>(queue);
      worker.queues.push_back({static_cast<std::uint8_t>(p), port.id(), q, port.wait(q)});
    }
    // Transmit queue i is worker i's; who has none sends through one who has.
    const auto owner = static_cast<std::uint8_t>(id % std::min<unsigned>(port.tx_queues(), count));
    worker.routes.push_back({port.id(), owner, owner, piece_for(config.ports[p].device)});
  }
  return worker;
}

Status PacketEngine::Parts::start_workers(const EngineConfig& config) {
  const MonoTime epoch = MonoClock::now();
  for (unsigned id = 0; id < worker_count(config); ++id) {
    owned_counters.push_back(std::make_unique<lb::WorkerCounters>());
    counters.push_back(owned_counters.back().get());
  }
  admission = std::make_unique<lb::Admission>(counters);
  flows_capacity = std::uint64_t{config.flows} * worker_count(config);
  if (!config.flow_socket.empty()) {
    std::vector<Wake*> wakes;
    for (unsigned id = 0; id < worker_count(config); ++id) wakes.push_back(&handover->wake(id));
    auto exchange = StrayExchange::make(*pool, wakes);
    if (!exchange) return tl::unexpected(exchange.error());
    strays = std::move(*exchange);
    auto made =
        FlowCourier::start(config.flow_socket, std::move(wakes), flows_capacity, strays.get());
    if (!made) return tl::unexpected(made.error());
    courier = std::move(*made);
  }
  // Who runs beyond the page's lines counts where nobody looks.
  const auto pulse = [this](unsigned id) -> api::PulseLine& {
    return id < api::PulsePage::kLines ? pulses->lines[id] : unseen_pulse;
  };
  const LeaseGate leases(config.leases == nullptr ? no_leases : *config.leases);
  for (unsigned id = 0; id < worker_count(config); ++id) {
    auto worker = Worker::start(
        worker_config(config, id, epoch),
        {snapshots, *handover, kernel.get(), leases, *owned_counters[id], *admission, pulse(id),
         courier.get(), strays.get(), config.seen == nullptr ? nullptr : &config.seen->lines[id]});
    if (!worker) return tl::unexpected(worker.error());
    workers.push_back(std::move(*worker));
  }
  pulses->header.workers.store(worker_count(config), std::memory_order_release);
  return {};
}

void PacketEngine::Parts::wake_workers() {
  for (unsigned id = 0; id < handover->workers(); ++id) handover->wake(id).call();
}

Result<std::unique_ptr<PacketEngine>> PacketEngine::start(const EngineConfig& config, Eal& eal) {
  if (auto fine = check(config); !fine) return tl::unexpected(fine.error());
  auto parts = std::make_unique<Parts>(config);
  eal.set_quiet(true);
  if (auto fine = parts->open_ports(config, eal); !fine) return tl::unexpected(fine.error());
  if (config.kernel_twins) {
    if (auto fine = parts->make_twins(config); !fine) return tl::unexpected(fine.error());
  }
  if (auto fine = parts->start_workers(config); !fine) return tl::unexpected(fine.error());
  eal.set_quiet(false);
  std::unique_ptr<PacketEngine> engine(new PacketEngine(std::move(parts)));
  set_telemetry_source(engine.get());
  return engine;
}

PacketEngine::PacketEngine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PacketEngine::~PacketEngine() {
  parts_->pulses->header.workers.store(0, std::memory_order_release);
  set_telemetry_source(nullptr);
}

std::span<const control::PortInfo> PacketEngine::ports() const { return parts_->infos; }

void PacketEngine::publish(std::unique_ptr<const lb::Snapshot> next) {
  parts_->snapshots.publish(std::move(next), [this] { parts_->wake_workers(); });
}

// It comes along with a copy of what runs: publish() keeps it from ending under a worker's hands.
std::optional<lb::Trial::Counts> PacketEngine::try_out(std::unique_ptr<const lb::Snapshot> next,
                                                       std::size_t services, std::size_t servers) {
  const lb::Snapshot* const running = parts_->snapshots.current();
  if (running == nullptr) return std::nullopt;
  auto trial =
      std::make_shared<lb::Trial>(std::move(next), services, servers, parts_->workers.size());
  auto with = std::make_unique<lb::Snapshot>(*running);
  auto without = std::make_unique<lb::Snapshot>(*running);
  with->trial = trial;
  publish(std::move(with));
  const MonoTime deadline = MonoClock::now() + kTrialPatience;
  while (!trial->is_done() && MonoClock::now() < deadline) {
    std::this_thread::sleep_for(kTrialLook);
  }
  publish(std::move(without));
  if (!trial->is_done()) return std::nullopt;
  return trial->counts();
}

std::span<const lb::WorkerCounters* const> PacketEngine::worker_counters() const {
  return parts_->counters;
}

std::vector<api::PortCounters> PacketEngine::port_counters() const {
  std::vector<api::PortCounters> list;
  for (const auto& port : parts_->ports) list.push_back(port->counters());
  return list;
}

std::uint64_t PacketEngine::flows_capacity() const { return parts_->flows_capacity; }

api::FlowSyncStatus PacketEngine::flow_sync() const {
  return parts_->courier ? parts_->courier->report() : api::FlowSyncStatus();
}

std::vector<TwinReport> PacketEngine::twin_reports() const {
  std::vector<TwinReport> list;
  if (!parts_->kernel) return list;
  for (unsigned port = 0; port < parts_->kernel->ports(); ++port) {
    const TwinCounters& c = std::as_const(*parts_->kernel).counters(port);
    list.push_back({parts_->infos[port].name, c.delivered.value(), c.refused.value(),
                    c.read.value(), c.overrun.value(), c.sent.value(), c.unsent.value(),
                    c.unserved.value()});
  }
  return list;
}

std::uint64_t PacketEngine::worker_rounds(unsigned worker) const {
  return parts_->workers.at(worker)->rounds();
}

}  // namespace yoke::io
