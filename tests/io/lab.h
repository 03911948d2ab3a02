// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/io/eal.h"
#include "dataplane/io/packet_engine.h"
#include "dataplane/lb/snapshot.h"
#include "tests/support/packets.h"

struct rte_ring;
struct rte_mbuf;

// What the tests of the packet side share: the one EAL of the process, ports whose cable the test
// holds, and the network that rig.h describes.
namespace yoke::io {

// Started on first use, on ordinary memory, with telemetry below a temporary directory.
[[nodiscard]] Eal& eal();
[[nodiscard]] const std::string& runtime_directory();

// The caller's to free; null where the test's pool is empty.
[[nodiscard]] rte_mbuf* make_frame(const test::Frame& frame);

// A DPDK device made of rings: send() is what the port receives, receive() what it sent.
class RingPort {
 public:
  static constexpr unsigned kRingFrames = 1024;

  RingPort(const std::string& name, unsigned rx_queues, unsigned tx_queues);
  RingPort(const RingPort&) = delete;
  RingPort& operator=(const RingPort&) = delete;
  ~RingPort();

  [[nodiscard]] PortConfig config() const;
  // False: the queue is full.
  [[nodiscard]] bool send(const test::Frame& frame, unsigned queue = 0);
  // As above, in several pieces of memory; a length each.
  [[nodiscard]] bool send_in_pieces(const test::Frame& frame, const std::vector<unsigned>& lengths);
  [[nodiscard]] std::vector<test::Frame> receive();

 private:
  [[nodiscard]] bool enqueue(void* frame, unsigned queue);

  std::string name_;
  std::vector<rte_ring*> to_port_, from_port_;
};

// The snapshot of lb::Rig, for ports 0 (clients) and 1 (servers).
[[nodiscard]] std::unique_ptr<lb::Snapshot> rig_snapshot(std::uint64_t generation = 1);

// One worker or more on any core, small tables, and no twins unless asked for.
[[nodiscard]] EngineConfig engine_config(std::vector<PortConfig> ports);

// Whether `condition` came true within ten seconds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

// How often worker 0 comes round while nothing happens, for a second or so. Where the machine is
// slow it is less often; never more.
[[nodiscard]] double rounds_per_ms(const PacketEngine& engine);

// Sums over all workers.
struct Totals {
  std::uint64_t rx = 0, taken_over = 0, tx = 0, replied = 0, punted = 0, handed_over = 0, drops = 0;
  [[nodiscard]] std::uint64_t in() const { return rx + taken_over; }
  [[nodiscard]] std::uint64_t out() const { return tx + replied + punted + handed_over + drops; }
};
[[nodiscard]] Totals totals(const PacketEngine& engine);
[[nodiscard]] Totals totals(const lb::WorkerCounters& worker);
// Once every worker has counted each frame that it took: a frame may be out before it is counted.
[[nodiscard]] bool all_counted(const PacketEngine& engine);
[[nodiscard]] std::uint64_t drops(const PacketEngine& engine, net::Drop reason);

// A network namespace of this thread's own, and of the threads it starts; for ever. Empty, or why
// there is none: a reason to skip.
[[nodiscard]] std::string enter_private_network();
// Runs a program of iproute2 and the like; a failure fails the test.
void run(const std::string& command);

}  // namespace yoke::io
