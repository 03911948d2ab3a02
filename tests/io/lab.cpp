// SPDX-License-Identifier: Apache-2.0
#include "tests/io/lab.h"

#include <gtest/gtest.h>
#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/unit/lb/rig.h"

// Leaves one small block behind for each AF_XDP socket; the library's, not ours.
extern "C" const char* __lsan_default_suppressions() { return "leak:xsk_umem__create\n"; }

namespace yoke::io {
namespace {

class Environment {
 public:
  Environment() {
    std::string pattern = (std::filesystem::temp_directory_path() / "yoke-io-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    EalConfig config;
    config.huge_pages = HugePages::kNo;
    config.memory_mib = 96;
    config.file_prefix = "test";
    config.runtime_directory = directory_;
    auto started = Eal::start(config);
    if (!started) throw std::runtime_error(started.error().text);
    eal_ = std::move(*started);
    pool_ = rte_pktmbuf_pool_create("test-frames", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
    if (pool_ == nullptr) throw std::runtime_error("no memory for the test's frames");
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    eal_.reset();
    std::error_code none;
    std::filesystem::remove_all(directory_, none);
  }

  std::string directory_;
  std::unique_ptr<Eal> eal_;
  rte_mempool* pool_ = nullptr;
};

Environment& environment() {
  static Environment only;
  return only;
}

test::Frame copy_of(const rte_mbuf* frame) {
  const auto* bytes = rte_pktmbuf_mtod(frame, const std::uint8_t*);
  return {bytes, bytes + frame->data_len};
}

rte_mbuf* make_piece(const std::uint8_t* bytes, std::size_t length) {
  rte_mbuf* frame = rte_pktmbuf_alloc(environment().pool_);
  if (frame == nullptr) return nullptr;
  if (char* room = rte_pktmbuf_append(frame, static_cast<std::uint16_t>(length))) {
    if (length > 0) std::memcpy(room, bytes, length);
    return frame;
  }
  rte_pktmbuf_free(frame);
  return nullptr;
}

rte_ring* make_ring(const std::string& name) {
  rte_ring* ring =
      rte_ring_create(name.c_str(), RingPort::kRingFrames, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) throw std::runtime_error("no ring " + name);
  return ring;
}

void free_ring(rte_ring* ring) {
  void* frame = nullptr;
  while (rte_ring_dequeue(ring, &frame) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
  rte_ring_free(ring);
}

}  // namespace

Eal& eal() { return *environment().eal_; }

rte_mbuf* make_frame(const test::Frame& frame) { return make_piece(frame.data(), frame.size()); }

const std::string& runtime_directory() { return environment().directory_; }

RingPort::RingPort(const std::string& name, unsigned rx_queues, unsigned tx_queues) : name_(name) {
  (void)eal();
  for (unsigned i = 0; i < rx_queues; ++i) {
    to_port_.push_back(make_ring(name + "-in" + std::to_string(i)));
  }
  for (unsigned i = 0; i < tx_queues; ++i) {
    from_port_.push_back(make_ring(name + "-out" + std::to_string(i)));
  }
  if (rte_eth_from_rings(name.c_str(), to_port_.data(), rx_queues, from_port_.data(), tx_queues,
                         0) < 0) {
    throw std::runtime_error("no port " + name);
  }
}

RingPort::~RingPort() {
  rte_vdev_uninit(("net_ring_" + name_).c_str());
  for (rte_ring* ring : to_port_) free_ring(ring);
  for (rte_ring* ring : from_port_) free_ring(ring);
}

PortConfig RingPort::config() const {
  return {name_, {Device::Kind::kVdev, "net_ring_" + name_}, 1500};
}

bool RingPort::enqueue(void* frame, unsigned queue) {
  if (frame == nullptr) return false;
  if (rte_ring_enqueue(to_port_.at(queue), frame) == 0) return true;
  rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
  return false;
}

bool RingPort::send(const test::Frame& frame, unsigned queue) {
  return enqueue(make_frame(frame), queue);
}

bool RingPort::send_in_pieces(const test::Frame& frame, const std::vector<unsigned>& lengths) {
  rte_mbuf* head = nullptr;
  std::size_t at = 0;
  for (const unsigned length : lengths) {
    rte_mbuf* piece = make_piece(frame.data() + at, length);
    at += length;
    if (head == nullptr) {
      head = piece;
    } else {
      EXPECT_EQ(rte_pktmbuf_chain(head, piece), 0);
    }
  }
  EXPECT_EQ(at, frame.size());
  return enqueue(head, 0);
}

std::vector<test::Frame> RingPort::receive() {
  std::vector<test::Frame> list;
  for (rte_ring* ring : from_port_) {
    void* frame = nullptr;
    while (rte_ring_dequeue(ring, &frame) == 0) {
      list.push_back(copy_of(static_cast<rte_mbuf*>(frame)));
      rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
    }
  }
  return list;
}

std::unique_ptr<lb::Snapshot> rig_snapshot(std::uint64_t generation) {
  const lb::Rig rig;
  auto snapshot = std::make_unique<lb::Snapshot>(rig.snapshot_);
  snapshot->generation = generation;
  return snapshot;
}

EngineConfig engine_config(std::vector<PortConfig> ports) {
  EngineConfig config;
  config.ports = std::move(ports);
  config.flows = 4096;
  config.kernel_twins = false;
  return config;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

double rounds_per_ms(const PacketEngine& engine) {
  const auto start = std::chrono::steady_clock::now();
  const auto before = engine.worker_rounds(0);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto rounds = engine.worker_rounds(0) - before;
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
  return static_cast<double>(rounds) / passed.count();
}

Totals totals(const lb::WorkerCounters& worker) {
  Totals t{worker.rx.value(),
           worker.taken_over.value(),
           worker.tx.value(),
           worker.replied.value(),
           worker.punted.value(),
           worker.handed_over.value(),
           0};
  for (const auto& drop : worker.drops) t.drops += drop.value();
  return t;
}

Totals totals(const PacketEngine& engine) {
  Totals sum;
  for (const auto* worker : engine.worker_counters()) {
    const Totals t = totals(*worker);
    sum.rx += t.rx;
    sum.taken_over += t.taken_over;
    sum.tx += t.tx;
    sum.replied += t.replied;
    sum.punted += t.punted;
    sum.handed_over += t.handed_over;
    sum.drops += t.drops;
  }
  return sum;
}

bool all_counted(const PacketEngine& engine) {
  return eventually([&] {
    return std::ranges::all_of(engine.worker_counters(), [](const lb::WorkerCounters* worker) {
      const Totals t = totals(*worker);
      return t.in() == t.out();
    });
  });
}

std::uint64_t drops(const PacketEngine& engine, net::Drop reason) {
  std::uint64_t sum = 0;
  for (const auto* worker : engine.worker_counters()) {
    sum += worker->drops[static_cast<std::size_t>(reason)].value();
  }
  return sum;
}

std::string enter_private_network() {
  if (::unshare(CLONE_NEWNET) != 0) {
    return std::string("no network namespace of its own (run as root): ") + std::strerror(errno);
  }
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "no /dev/net/tun";
  run("ip link set lo up");
  return {};
}

void run(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }

}  // namespace yoke::io
