// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/api/prefix_set.h"
#include "dataplane/net/address.h"

// What the management plane and the data plane say to each other: plain values, no DPDK, no tables.
//
// A Configuration is whole: applying it replaces the one before. Identity is by name and address,
// never by position, so that flows live on through any change that keeps their server.
// Units: seconds in names ending _s. Threads: values, any.
namespace yoke::api {

// Raised when a field changes meaning. A reader takes kVersion and kVersion - 1 and ignores keys it
// does not know.
inline constexpr int kVersion = 1;

enum class Method : std::uint8_t { kNat, kDsr };
// How a new flow gets its server (dataplane/lb/scheduler.h).
enum class Scheduler : std::uint8_t {
  kMaglev,
  kRoundRobin,
  kLeastConnections,
  kSourceHash,
  kResponseTime,
};

// What health checks and the operator make of a server.
enum class ServerState : std::uint8_t {
  kUp,        // takes new flows
  kDown,      // takes none; its UDP flows move, its TCP flows end by themselves
  kDraining,  // takes no new flows, keeps those it has (weight 0)
};

struct Server {
  net::Endpoint endpoint;
  std::uint16_t weight = 1;  // share of new flows; 0: none. Bounded by limits.h when staged
  ServerState state = ServerState::kUp;
  std::uint32_t response_us = 0;  // how long it takes to answer (kResponseTime); 0: not known
  friend bool operator==(const Server&, const Server&) = default;
};

struct Pool {
  std::string name;
  Method method = Method::kNat;
  std::vector<Server> servers;  // unique endpoints; one address family
  Scheduler scheduler = Scheduler::kMaglev;
  friend bool operator==(const Pool&, const Pool&) = default;
};

// Whether the peer is told of a VIP's flows, where a lease says which of the two has them.
enum class FlowSync : std::uint8_t { kNone, kSync };

// How many flows clients may open; 0 is as many as they like.
struct FlowLimits {
  std::uint32_t max_flows = 0;             // open at once
  std::uint32_t new_flow_rate = 0;         // a second, of all clients
  std::uint32_t client_new_flow_rate = 0;  // a second, of one
  std::uint8_t client_length_v4 = 32;      // addresses alike in so many bits are one client
  std::uint8_t client_length_v6 = 64;
  friend bool operator==(const FlowLimits&, const FlowLimits&) = default;
};

struct Vip {
  std::string name;
  net::ServiceAddress address;  // unique
  std::string pool;  // names a Pool of the same Configuration, or empty: answers ping only
  std::vector<net::IpAddress>
      snat;  // `nat`: source addresses towards servers; empty: the VIP itself
  std::uint32_t idle_timeout_s = 0;  // 0: the RFC 5382 / RFC 4787 default of the protocol and state
  // Names of a PrefixList of the same Configuration, or empty. Who is in `deny` is refused, and,
  // where there is an `allow`, who is not in that.
  std::string allow = {}, deny = {};
  FlowLimits limits = {};
  std::string group = {};  // names a Group of the same Configuration, or empty
  FlowSync sync = FlowSync::kSync;
  friend bool operator==(const Vip&, const Vip&) = default;
};

// Whether this unit may answer for a group at any time, or under a lease alone (lease_page.h).
enum class Lease : std::uint8_t { kStanding, kHeld };

// VIPs that move together. Those in no group are of the one whose name is empty: it is there
// without being told of, and standing unless it is told to be held.
struct Group {
  std::string name;
  Lease lease = Lease::kStanding;
  friend bool operator==(const Group&, const Group&) = default;
};

struct PrefixList {
  std::string name;
  PrefixSet prefixes;
  friend bool operator==(const PrefixList&, const PrefixList&) = default;
};

struct Configuration {
  std::uint64_t revision = 0;               // of mgmt/store; carried so that `status` can tell it
  std::array<std::uint8_t, 16> hash_key{};  // keys every hash and Maglev table; the same on a pair
  std::vector<Pool> pools;
  std::vector<Vip> vips;
  std::vector<PrefixList> lists = {};
  // An address, of a VIP or SNAT, is of one group alone where one of two is held.
  std::vector<Group> groups = {};
  // False where it was read without the key, from a release that knows no groups: refused while one
  // is held.
  bool tells_groups = true;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// What the checks say of one server of one pool: all that they do, not what is new of it.
struct ServerStateChange {
  std::string pool;
  net::Endpoint server;
  ServerState state = ServerState::kUp;
  std::uint32_t response_us = 0;  // as Server's
  friend bool operator==(const ServerStateChange&, const ServerStateChange&) = default;
};

// What the data plane runs now.
struct RunningState {
  std::uint64_t revision = 0;              // of the Configuration it runs; 0: none yet
  std::uint64_t generation = 0;            // of the snapshot all workers have reached
  std::string digest;                      // of the Configuration, as digest() gives it
  std::vector<ServerStateChange> servers;  // state of each
  // Of the Configuration; nothing: a release before, or it runs none.
  std::optional<std::array<std::uint8_t, 16>> hash_key = {};
  friend bool operator==(const RunningState&, const RunningState&) = default;
};

// Why a group that is held is not served.
namespace leases {
inline constexpr std::string_view kNoPage = "no-page";          // there is no file
inline constexpr std::string_view kNoFile = "not-a-page";       // something else, or cut short
inline constexpr std::string_view kOtherBoot = "another-boot";  // of before the machine started
inline constexpr std::string_view kOtherVersion = "another-version";  // newer than can be read
inline constexpr std::string_view kNoMemory = "no-memory";            // to show it in
inline constexpr std::string_view kNoLine = "no-line";                // nobody knows the group
inline constexpr std::string_view kNotGranted = "not-granted";        // never, or it was taken back
inline constexpr std::string_view kLapsed = "lapsed";                 // it was not renewed
}  // namespace leases

// How a group stands.
struct GroupLease {
  std::string group;
  Lease lease = Lease::kStanding;
  bool is_served = true;           // it is standing, or its lease holds now
  bool has_line = false;           // somebody keeps a line of the lease page for it
  std::uint64_t epoch = 0;         // of the line; 0: it was never granted
  std::uint64_t remaining_us = 0;  // of a lease that holds
  std::string reason = {};         // why it is not served, one of leases::k...; else empty
  friend bool operator==(const GroupLease&, const GroupLease&) = default;
};

// How the flows of VIPs whose group is held get to the peer, and the peer's here.
struct FlowSyncStatus {
  bool has_link = false;      // somebody carries frames (dataplane/sync/README.md)
  bool is_told = false;       // the peer has all that there was here until a moment ago
  bool is_whole = false;      // as far as the peer has told, nothing of what it has is missing here
  std::uint64_t lag_us = 0;   // age of the oldest frame that the peer may not have
  std::uint64_t told = 0;     // records to the peer
  std::uint64_t heard = 0;    // ... and from it
  std::uint64_t adopted = 0;  // of those, what became a flow or changed one
  // Packets for a group that was just handed over: sent on to the other unit, taken from it, and
  // lost on the way here.
  std::uint64_t strays_sent = 0, strays_taken = 0, strays_lost = 0;
  friend bool operator==(const FlowSyncStatus&, const FlowSyncStatus&) = default;
};

// What `status` answers: RunningState, and what else a person or a supervisor asks of the process.
struct ProcessStatus {
  RunningState running;
  int version = kVersion;    // of this contract, as the process speaks it
  bool ports_ready = false;  // every port of the board file is started
  std::uint64_t uptime_s = 0;
  std::vector<GroupLease> leases = {};  // of all groups; none: a release before answers
  FlowSyncStatus flow_sync = {};
  friend bool operator==(const ProcessStatus&, const ProcessStatus&) = default;
};

// What `activate` and `apply` answer: every worker runs this.
struct Activation {
  std::uint64_t generation = 0;
  std::string digest;
  friend bool operator==(const Activation&, const Activation&) = default;
};

// Counters by name, as `show` and the tests read them. Monotonic since the process started.
struct TrafficCounters {
  std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t flows_created = 0;  // flows ever opened
  std::uint64_t flows_open = 0;     // now, without those that are over and merely remembered
  friend bool operator==(const TrafficCounters&, const TrafficCounters&) = default;
};
// rx + taken_over = tx + replied + punted + handed_over + sum of drops (dataplane/lb/counters.h).
struct WorkerCounters {
  std::uint64_t rx = 0, taken_over = 0, tx = 0, replied = 0, punted = 0, handed_over = 0;
  std::map<std::string, std::uint64_t> drops;  // by reason (dataplane/net/drop.h)
  friend bool operator==(const WorkerCounters&, const WorkerCounters&) = default;
};
struct PortCounters {
  std::string name, driver, mac;
  bool link_up = false;
  std::uint64_t rx_packets = 0, tx_packets = 0, rx_bytes = 0, tx_bytes = 0, rx_missed = 0,
                rx_errors = 0, tx_errors = 0;
  friend bool operator==(const PortCounters&, const PortCounters&) = default;
};
struct Counters {
  std::vector<WorkerCounters> workers;
  std::vector<PortCounters> ports;
  std::map<std::string, TrafficCounters> vips;                            // by VIP name
  std::map<std::string, std::map<std::string, TrafficCounters>> servers;  // pool, then endpoint
  // Packets that lists and limits of a VIP refused, by its name, then by reason (net/drop.h).
  // Without those that are 0; told whatever is wanted. A release before tells none.
  std::map<std::string, std::map<std::string, std::uint64_t>> refused = {};
  std::uint64_t flows_open = 0, flows_capacity = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};

// What became of the TCP connections to a server of a `nat` pool; in `dsr` its answers are not
// seen, and all are 0. Monotonic as the counters above.
struct ConnectionCounters {
  std::uint64_t answered = 0;    // the server took it: SYN,ACK
  std::uint64_t refused = 0;     // ... answered the SYN with RST
  std::uint64_t unanswered = 0;  // no answer to the SYN in half a second, or no way to the server
  std::uint64_t reset = 0;       // taken, and reset by the server later
  friend bool operator==(const ConnectionCounters&, const ConnectionCounters&) = default;
};
struct Connections {
  std::map<std::string, std::map<std::string, ConnectionCounters>> pools;  // then by endpoint
  friend bool operator==(const Connections&, const Connections&) = default;
};
struct ConnectionsWanted {
  std::vector<std::string> pools = {};  // these alone; empty: all
  friend bool operator==(const ConnectionsWanted&, const ConnectionsWanted&) = default;
};

// What would become of the flows that are open if a configuration ran in place of the one that
// does. Each is counted once, under the names that run.
struct Forecast {
  struct Server {
    std::uint64_t cut = 0;   // as it would be gone; datagrams go on to another
    std::uint64_t kept = 0;  // not cut, whether or not it takes new ones
    friend bool operator==(const Server&, const Server&) = default;
  };
  bool is_counted = false;  // else the workers could not tell in time, and nothing below is known
  std::map<std::string, std::uint64_t> vips = {};  // cut with the VIP, or by what changes in it
  // By pool and endpoint: servers that some would be cut with, or that would take no new ones.
  std::map<std::string, std::map<std::string, Server>> servers = {};
  friend bool operator==(const Forecast&, const Forecast&) = default;
};

// What of Counters is asked for; the rest of the answer is empty. A data plane of the release
// before tells everything all the same.
struct CountersWanted {
  bool vips = true;
  bool servers = true;
  std::string pool = {};  // of the servers, its alone; empty: those of all

  // An answer to this one holds all that an answer to `other` does.
  [[nodiscard]] bool covers(const CountersWanted& other) const {
    if (other.vips && !vips) return false;
    return !other.servers || (servers && (pool.empty() || pool == other.pool));
  }
  friend bool operator==(const CountersWanted&, const CountersWanted&) = default;
};

// What of ProcessStatus is: of thousands of servers their states are megabytes.
struct StatusWanted {
  bool servers = true;
  friend bool operator==(const StatusWanted&, const StatusWanted&) = default;
};

// A digest of everything in `configuration` but its revision, the servers' states and their
// response times: equal digests mean equal forwarding rules. 16 hex digits, not cryptographic.
[[nodiscard]] std::string digest(const Configuration& configuration);

}  // namespace yoke::api
