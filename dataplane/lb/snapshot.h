// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/lb/address_table.h"
#include "dataplane/lb/admission.h"
#include "dataplane/lb/echo_table.h"
#include "dataplane/lb/flow_hash.h"
#include "dataplane/lb/maglev.h"
#include "dataplane/lb/routing.h"
#include "dataplane/limits.h"
#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// Everything a worker reads while it decides, as one immutable value: a generation. Control builds
// the next one beside it; workers change over between two bursts; the old one is freed when all
// have (QSBR). Parts that did not change are shared between generations.
//
// Services and servers stand in slots that are theirs for as long as they are configured; a slot
// that is given to another gets a new incarnation, so that a flow which outlived its server can
// tell. Nothing in it points at another part of it: a copy is whole.
// Threads: built by control, then constant and read by any.
namespace yoke::lb {

enum class Method : std::uint8_t { kNat, kDsr };
enum class ServerState : std::uint8_t { kUp, kDown, kDraining };
// How a new flow gets its server (scheduler.h).
enum class Scheduling : std::uint8_t {
  kMaglev,
  kRoundRobin,
  kLeastConnections,
  kSourceHash,
  kResponseTime,
};

// A port of the unit, in the order of the board file.
struct Port {
  net::MacAddress mac;
};

struct Server {
  net::IpAddress address;
  net::Be16 port;
  std::uint16_t incarnation = 0;  // 0: the slot is empty
  ServerState state = ServerState::kDown;
  Hop hop;                        // how to reach it now; hop.resolved false: not (yet)
  bool on_link = false;           // reached without a router: what `dsr` needs
  std::uint32_t response_us = 1;  // never 0; of one whose time is not known, a neutral one
};

struct Service {
  net::IpAddress address;
  net::Be16 port;
  net::Protocol protocol = net::Protocol::kTcp;
  Method method = Method::kNat;
  Scheduling scheduling = Scheduling::kMaglev;
  std::uint16_t incarnation = 0;     // 0: the slot is empty
  std::uint16_t pool = 0;            // pool slot: services of one pool share its evenness
  std::uint8_t group = 0;            // slot of the VIPs that it moves with
  std::uint32_t idle_timeout_s = 0;  // 0: by protocol and state (flow_timeout.h)
  bool is_synced = false;            // its flows are the peer's as well, where its group is held
  bool is_guarded = false;           // Snapshot::guards has its lists and limits
  std::vector<net::IpAddress> snat;  // never empty for `nat`
  std::shared_ptr<const Maglev> maglev;  // yields server slots; null or empty: no server
};

// Whether packets get to the server now.
[[nodiscard]] inline bool is_reachable(const Server& server, Method method) noexcept {
  return server.hop.resolved && (method == Method::kNat || server.on_link);
}

// Groups by slot, a bit each: below kGroups.
using GroupSet = std::uint64_t;
inline constexpr GroupSet kEveryGroup = ~GroupSet{0};
static_assert(limits::kGroups <= 64);
[[nodiscard]] constexpr GroupSet group_bit(std::uint8_t group) noexcept {
  return GroupSet{1} << (group & 63);
}

class Trial;  // trial.h

// A group that is served under a lease alone (dataplane/api/lease_page.h).
struct HeldGroup {
  std::uint8_t group = 0;      // slot
  std::uint8_t line = 0;       // of the lease page; it is the group's or it says nothing
  std::uint64_t identity = 0;  // whose the line must be
  friend bool operator==(const HeldGroup&, const HeldGroup&) = default;
};

struct Snapshot {
  std::uint64_t generation = 0;
  HashKey hash_key;
  std::vector<Port> ports;
  std::vector<Service> services;  // by slot
  std::vector<Server> servers;    // by slot
  std::vector<Guard> guards;      // by service slot
  // Another number where a list of a service is not what it was, or, where a group is held, which
  // groups stand and whose an address is: flows are held against them once more then.
  std::uint64_t lists_version = 0;
  // Another number where a table of a dsr service is not what it was.
  std::uint64_t implied_digest = 0;
  EchoTable echo;                // who is answered a ping
  ServiceTable service_table;    // (address, port, protocol) -> service slot
  ServerTable server_table;      // (pool, address, port) -> server slot
  AddressTable local_addresses;  // VIPs and SNAT addresses: what this unit answers for
  // The groups that are served whatever the lease page says, and those that are not, all of them.
  // One that is in neither is not served.
  GroupSet standing = kEveryGroup;
  std::vector<HeldGroup> held;
  std::shared_ptr<const Routing> routing;
  std::shared_ptr<Trial> trial;  // workers are to go on with; mostly null
};

}  // namespace yoke::lb
