// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/lb/flow_hash.h"
#include "dataplane/lb/flow_timeout.h"
#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// What goes from unit to unit, as it lies on the wire: records of one size, big-endian.
//
// 96 octets: an IPv6 connection in nat has four addresses (64) and four ports (8), which leaves no
// room in 64 for anything else; with kind, protocol, state, flags and lifetime it is 80, with the
// offsets of a SYN proxy 88, with the way back to the client 96. IPv4 is the same in mapped form.
//
// Versions: a kind that a reader does not know is skipped and counted. A later version may append
// to a record, since a frame names the size of its records; what an earlier one has not said is 0.
// Fields are never moved, numbers never reused. Threads: values, any.
namespace yoke::sync {

inline constexpr std::size_t kRecordBytes = 96;

enum class Kind : std::uint8_t {
  kAdd = 1,        // FlowRecord: the peer did not have it, or a walk tells it again
  kUpdate = 2,     // FlowRecord: its state has changed
  kDelete = 3,     // FlowRecord: it has ended; client, VIP and protocol say which
  kRefresh = 4,    // FlowRecord: it lives on; may be shed
  kServer = 5,     // ServerRecord
  kGap = 6,        // BucketRecord: changes of flows in these buckets were lost; a walk will come
  kWalkBegin = 7,  // BucketRecord: all flows of this stream in these buckets follow
  kWalkEnd = 8,    // BucketRecord: ... have followed
  kDigest = 9,     // DigestRecord: the stream's flows at this very place
  kServices = 10,  // ServicesRecord: that the walk which ends now spoke for
};

// Any record, before its kind is known.
struct Record {
  std::array<std::uint8_t, kRecordBytes> octets{};

  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(octets[0]); }
  template <typename T>
  [[nodiscard]] static Record of(const T& value) noexcept {
    static_assert(sizeof(T) == kRecordBytes && alignof(T) == 1);
    return std::bit_cast<Record>(value);
  }
  template <typename T>
  [[nodiscard]] T as() const noexcept {
    static_assert(sizeof(T) == kRecordBytes && std::is_trivially_copyable_v<T>);
    return std::bit_cast<T>(*this);
  }
};

struct FlowRecord {
  static constexpr std::uint8_t kNat = 1, kDiverted = 2, kClientFin = 4, kServerFin = 8;

  Kind kind{};
  std::uint8_t protocol = 0;  // as in an IP header
  std::uint8_t state = 0;     // wire_state()
  std::uint8_t flags = 0;
  net::Be32 lifetime_ms;  // that was left of it
  net::IpAddress client, vip, snat, server;
  net::Be16 client_port, vip_port, snat_port, server_port;
  net::Be32 sequence_offset, timestamp_offset;  // SYN proxy; 0: none
  net::MacAddress client_mac;                   // the last hop that its client's packets came by
  std::uint8_t client_link = 0;                 // and the unit's port, from 1; 0: neither is known
  std::uint8_t reserved = 0;
};

struct ServerRecord {
  Kind kind = Kind::kServer;
  std::uint8_t state = 0;  // lb::ServerState + 1
  net::Be16 port;
  net::Be32 response_us;  // 0: not known
  net::IpAddress address;
  std::array<char, 64> pool{};  // its name, filled up with zeros
  net::Be64 reserved;
};

struct BucketRecord {
  Kind kind{};
  std::uint8_t is_void = 0;  // kWalkEnd: the walk has told nothing, and means nothing
  std::uint8_t streams = 0;  // kWalkEnd, from the receiver to its workers: that have told it
  std::uint8_t reserved = 0;
  net::Be32 walk;  // counts up; in kGap: only a later one mends it
  std::array<net::Be64, lb::kFlowBuckets / 64> buckets{};
  net::Be64 key;  // kWalkBegin: key_digest() by which flows are in buckets; 0: not told
  std::array<std::uint8_t, 16> reserved_too{};

  [[nodiscard]] static BucketRecord make(Kind kind, std::uint32_t walk,
                                         const lb::BucketSet& set) noexcept;
  [[nodiscard]] lb::BucketSet set() const noexcept;
};

// Services whose flows a stream's walk has told: what it did not tell of them is no more. Of others
// it says nothing.
struct ServicesRecord {
  static constexpr std::size_t kServices = 4;
  struct Service {
    net::IpAddress vip;
    net::Be16 port;
    std::uint8_t protocol = 0;  // 0: none
    std::uint8_t reserved = 0;
  };
  Kind kind = Kind::kServices;
  std::array<std::uint8_t, 3> reserved{};
  net::Be32 walk;
  std::array<Service, kServices> services{};
  net::Be64 reserved_too;
};

// Tells two hash keys apart, and nothing of them; never 0.
[[nodiscard]] std::uint64_t key_digest(const lb::HashKey& key) noexcept;

// Sums of some buckets. All records of one round of one stream stand side by side.
struct DigestRecord {
  static constexpr std::size_t kSums = 10;
  static constexpr std::size_t kRecords = (lb::kFlowBuckets + kSums - 1) / kSums;  // a round

  Kind kind = Kind::kDigest;
  std::uint8_t is_last = 0;  // of the round
  net::Be16 first;           // bucket
  net::Be32 round;           // counts up
  std::array<net::Be64, kSums> sums{};
  net::Be64 services;  // services_digest(): only sums of the same services can be compared
};

// States as the wire numbers them; 0 is none.
[[nodiscard]] constexpr std::uint8_t wire_state(lb::FlowState state) noexcept {
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(state) + 1);
}
static_assert(wire_state(lb::FlowState::kUdpOne) == 1 && wire_state(lb::FlowState::kUdp) == 2 &&
              wire_state(lb::FlowState::kSynSent) == 3 &&
              wire_state(lb::FlowState::kSynAnswered) == 4 &&
              wire_state(lb::FlowState::kEstablished) == 5 &&
              wire_state(lb::FlowState::kClosing) == 6 && wire_state(lb::FlowState::kClosed) == 7 &&
              wire_state(lb::FlowState::kReset) == 8);

// Whether its fields can be true: known protocol and state, the two of one kind, addresses of one
// family.
[[nodiscard]] bool is_sound(const FlowRecord& record) noexcept;
// Known state, a port, a pool's name that ends.
[[nodiscard]] bool is_sound(const ServerRecord& record) noexcept;

static_assert(sizeof(FlowRecord) == kRecordBytes && alignof(FlowRecord) == 1);
static_assert(sizeof(ServerRecord) == kRecordBytes && alignof(ServerRecord) == 1);
static_assert(sizeof(ServicesRecord) == kRecordBytes && alignof(ServicesRecord) == 1);
static_assert(sizeof(BucketRecord) == kRecordBytes && alignof(BucketRecord) == 1);
static_assert(sizeof(DigestRecord) == kRecordBytes && alignof(DigestRecord) == 1);

}  // namespace yoke::sync
