// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "dataplane/limits.h"
#include "dataplane/net/drop.h"

// Counters of one worker. Written by that worker alone, read by any thread at any time: a reader
// may see a sum that is a few packets apart, never a torn number.
namespace yoke::lb {

// Single writer, so an addition is a plain load and store: no locked instruction on the packet
// path.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct TrafficCounter {
  Counter packets_in, packets_out, bytes_in, bytes_out;  // in: from clients; out: to clients
  Counter flows_created, flows_ended;
  Counter flows_orphaned;  // ended after their record had gone, and so of nobody's flows_ended
};

// What became of the TCP connections to a server, where its answers are seen (nat). Apart from its
// traffic, whose lines every packet touches: these are touched as a connection opens or fails.
struct ConnectionCounter {
  Counter answered;    // the server answered the SYN with SYN,ACK
  Counter refused;     // ... with RST
  Counter unanswered;  // the SYN had no answer in kSynPatience, or no way to the server
  Counter reset;       // the server reset what it had answered
};

// Flows of a service that are open, not merely remembered: the difference. Of whatever VIP stood in
// the slot. Apart from its traffic, since other workers read it as flows open.
struct LoadCounter {
  Counter begun, ended;
};

// Flows of the record in the slot that are over and merely remembered: the difference. Apart from
// its traffic, which every packet touches: these are touched as a connection ends.
struct RestCounter {
  Counter begun, ended;
};

// Packets that a service's lists and limits refused, in the order of net::kRefusals.
struct alignas(64) RefusalCounter {
  std::array<Counter, net::kRefusals.size()> by_reason;
};

// rx + taken_over = tx + replied + punted + handed_over + sum(drops), after every burst.
struct alignas(64) WorkerCounters {
  Counter rx;           // frames received from ports
  Counter taken_over;   // frames received from other workers
  Counter tx;           // frames forwarded: accepted by a port
  Counter replied;      // answers made here (ARP, ND, echo): accepted by a port
  Counter punted;       // frames given to the kernel path
  Counter handed_over;  // frames given to another worker
  std::array<Counter, net::kDropCount> drops;
  Counter flows_open_added, flows_open_removed;  // open = difference

  std::vector<TrafficCounter> services{limits::kVips};           // by service slot
  std::vector<TrafficCounter> servers{limits::kServers};         // by server slot
  std::vector<ConnectionCounter> connections{limits::kServers};  // by server slot
  std::vector<LoadCounter> loads{limits::kVips};                 // by service slot
  std::vector<RestCounter> service_rests{limits::kVips};         // by service slot
  std::vector<RestCounter> server_rests{limits::kServers};       // by server slot
  std::vector<RefusalCounter> refusals{limits::kVips};           // by service slot

  void drop(net::Drop reason, std::uint64_t n = 1) noexcept {
    drops[static_cast<std::size_t>(reason)].add(n);
  }
};

}  // namespace yoke::lb
