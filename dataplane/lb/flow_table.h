// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/lb/flow_index.h"
#include "dataplane/lb/flow_timeout.h"
#include "dataplane/lb/page_array.h"
#include "dataplane/lb/snapshot.h"
#include "dataplane/limits.h"
#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// The flows of one worker: one cache line each, found from both directions.
//
// A flow names its service and server by slot and incarnation; the tuple of either direction is the
// flow together with those, read from the snapshot. So a flow takes 64 octets for IPv6 as for IPv4,
// and one whose server was replaced can tell. Threads: owned by one worker.
namespace yoke::lb {

// Milliseconds since the process started, wrapping; all flow ages are differences of these.
using Tick = std::uint32_t;

struct Flow {
  net::IpAddress client;
  net::IpAddress snat;               // nat: towards the server; unspecified in dsr
  net::Be16 client_port, snat_port;  // the VIP's port is its service's
  std::uint16_t service, service_incarnation;
  std::uint16_t server, server_incarnation;
  net::MacAddress client_mac;  // the last hop the client's packets came by
  std::uint8_t in_use : 1, is_tcp : 1, is_nat : 1, diverted : 1, client_fin : 1, server_fin : 1;
  std::uint8_t counted : 1;  // in the digest, and known to the peer (FlowJournal)
  std::uint8_t mark : 1;     // of whoever keeps the table like the peer's (dataplane/sync)
  FlowState state : 3;
  std::uint8_t client_port_id : 4;  // Snapshot::ports index the client's packets came by
  std::uint8_t has_failed : 1;      // its failure is counted (ConnectionCounter)
  std::uint32_t last_seen;          // Tick
  std::uint32_t client_hash;        // of the client's tuple, as FlowIndex takes it
  // Of the server's tuple (nat), of its endpoint (dsr); while free: the next free flow.
  std::uint32_t server_hash;
};
static_assert(sizeof(Flow) == 64 && limits::kPorts <= 16);

// Whether its slot is still the service's that it was opened for.
[[nodiscard]] inline bool has_its_service(const Flow& flow, const Snapshot& snapshot) noexcept {
  return flow.service < snapshot.services.size() &&
         snapshot.services[flow.service].incarnation == flow.service_incarnation;
}

class FlowTable {
 public:
  enum class Side : std::uint8_t { kClient, kServer };
  struct Found {
    Flow* flow = nullptr;
    Side side = Side::kClient;
  };

  explicit FlowTable(std::uint32_t capacity);

  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

  void prefetch_index(std::uint32_t hash) const noexcept { index_.prefetch(hash); }
  // Call when the line asked for by prefetch_index() has come: asks for the flow itself. (GCC 12
  // takes a function that only prefetches for one without effect, and leaves calls of it out.)
  [[gnu::always_inline]] void prefetch_flow(std::uint32_t hash) const noexcept {
    if (const auto r = index_.guess(hash)) __builtin_prefetch(&flows_[place_of(r)], 1, 3);
  }

  // The flow to which a packet with this tuple belongs. `hash` is the low half of flow_hash().
  [[nodiscard]] Found find(std::uint32_t hash, const FlowTuple& tuple,
                           const Snapshot& snapshot) noexcept {
    const auto r = index_.find(hash, [&](FlowIndex::Reference candidate) {
      const Flow& flow = flows_[place_of(candidate)];
      return is_server_side(candidate) ? is_from_server(flow, tuple, snapshot)
                                       : is_from_client(flow, tuple, snapshot);
    });
    if (r == 0) return {};
    return {&flows_[place_of(r)], is_server_side(r) ? Side::kServer : Side::kClient};
  }

  // Whether another client's flow has the same client_hash.
  [[nodiscard]] bool has_twin(const Flow& flow) const noexcept {
    return index_.find(flow.client_hash, [&](FlowIndex::Reference candidate) {
      const Flow& other = flows_[place_of(candidate)];
      return !is_server_side(candidate) && &other != &flow && other.client_hash == flow.client_hash;
    }) != 0;
  }

  // A copy of `flow`, found from now on by its client_hash and, in nat, its server_hash; null if
  // the table is full. Neither tuple may be in the table.
  Flow* insert(const Flow& flow) noexcept;
  void erase(Flow* flow) noexcept;

  // Calls `visit(Flow&)` for the flows in the next `entries` places, round and round. It may erase.
  template <typename Visit>
  void walk(std::uint32_t entries, Visit&& visit) noexcept {
    for (; entries > 0; --entries) {
      if (++hand_ > capacity_) hand_ = 1;
      __builtin_prefetch(&flows_[hand_ + std::size_t{8}]);
      if (flows_[hand_].in_use != 0) visit(flows_[hand_]);
    }
  }

  // Calls `visit(Flow&)` for the flows in places `from` to `from + entries`, until it says false.
  // The place of that one, or the next one to look at; 0 once all there ever were have been seen.
  // Starts at 1. It may erase the flow that it sees.
  template <typename Visit>
  [[nodiscard]] std::uint32_t scan(std::uint32_t from, std::uint32_t entries,
                                   Visit&& visit) noexcept {
    for (; entries > 0 && from < fresh_; --entries, ++from) {
      __builtin_prefetch(&flows_[from + std::size_t{8}]);
      if (flows_[from].in_use != 0 && !visit(flows_[from])) return from;
    }
    return from < fresh_ ? from : 0;
  }

 private:
  // Places count from 1; a reference is a place and the side.
  static std::uint32_t place_of(FlowIndex::Reference r) noexcept { return r >> 1; }
  static bool is_server_side(FlowIndex::Reference r) noexcept { return (r & 1) != 0; }
  static bool is_from_client(const Flow& flow, const FlowTuple& tuple,
                             const Snapshot& snapshot) noexcept {
    return flow.client_port == tuple.source_port && flow.client == tuple.source &&
           is_service(flow, tuple, snapshot);
  }
  static bool is_service(const Flow& flow, const FlowTuple& tuple,
                         const Snapshot& snapshot) noexcept {
    if (flow.service >= snapshot.services.size()) return false;
    const Service& service = snapshot.services[flow.service];
    return service.incarnation == flow.service_incarnation &&
           service.port == tuple.destination_port && service.address == tuple.destination &&
           service.protocol == tuple.protocol;
  }
  static bool is_from_server(const Flow& flow, const FlowTuple& tuple,
                             const Snapshot& snapshot) noexcept {
    if (flow.snat_port != tuple.destination_port || flow.snat != tuple.destination ||
        (flow.is_tcp != 0) != (tuple.protocol == net::Protocol::kTcp) ||
        flow.server >= snapshot.servers.size()) {
      return false;
    }
    const Server& server = snapshot.servers[flow.server];
    return server.incarnation == flow.server_incarnation && server.port == tuple.source_port &&
           server.address == tuple.source;
  }

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t free_ = 1;   // the first of a chain through server_hash; 0: none
  std::uint32_t fresh_ = 1;  // places from here on were never used
  std::uint32_t hand_ = 0;
  FlowIndex index_;
  PageArray<Flow> flows_;
};

}  // namespace yoke::lb
