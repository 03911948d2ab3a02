// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Why a packet was not forwarded. Every packet that a worker receives is sent, answered, punted,
// handed over, or dropped for exactly one of these; each has a counter that `show worker` prints
// under the name given here. Threads: constant data, any.
namespace yoke::net {

enum class Drop : std::uint8_t {
  kTruncated,    // the frame ends before its headers do, or before their lengths say
  kBadHeader,    // a header contradicts itself: version, header length, data offset
  kBadChecksum,  // IPv4 header checksum (RFC 1122 section 3.2.1.2)
  kMartian,      // a source that cannot be: multicast, loopback, unspecified, or the target itself
  kOtherMac,     // unicast frame for somebody else
  kFragment,     // fragment of a VIP's packet
  kExtension,    // IPv6 extension header in a VIP's packet
  kTtl,          // TTL or hop limit would reach zero
  kProtocol,     // VIP asked in a protocol other than TCP, UDP or echo
  kNoService,    // VIP has no service on this port
  kNoServer,     // no server of the pool may take the flow
  kNoFlow,       // belongs to a connection that this unit does not know
  kServerGone,   // its server was removed from the configuration
  kDenied,       // the client is in the VIP's deny list
  kNotAllowed,   // the VIP has an allow list, and the client is not in it
  kVipLimit,     // the VIP has as many flows open as it may
  kVipRate,      // the VIP has opened as many flows as it may this second
  kClientRate,   // the client has opened as many flows at the VIP as one may this second
  kNoNeighbor,   // next hop not resolved yet
  kNoSnatPort,   // every SNAT port tried is taken
  kFlowTableFull,
  kPuntLimit,     // more for the kernel than its rate limit admits
  kPuntFull,      // the kernel does not keep up
  kHandoverFull,  // the owning worker does not keep up
  kTxFull,        // the port does not keep up
  kNoLease,       // this unit does not hold the group's lease
};
inline constexpr std::size_t kDropCount = static_cast<std::size_t>(Drop::kNoLease) + 1;

inline constexpr std::array<std::string_view, kDropCount> kDropNames{
    "truncated",   "bad-header",   "bad-checksum",    "martian",    "other-mac", "fragment",
    "extension",   "ttl",          "protocol",        "no-service", "no-server", "no-flow",
    "server-gone", "denied",       "not-allowed",     "vip-limit",  "vip-rate",  "client-rate",
    "no-neighbor", "no-snat-port", "flow-table-full", "punt-limit", "punt-full", "handover-full",
    "tx-full",     "no-lease"};

// Those by which a VIP's lists and limits refuse a client: counted for each VIP as well.
inline constexpr std::array kRefusals{Drop::kDenied, Drop::kNotAllowed, Drop::kVipLimit,
                                      Drop::kVipRate, Drop::kClientRate};
[[nodiscard]] constexpr std::size_t refusal_index(Drop drop) noexcept {
  return static_cast<std::size_t>(drop) - static_cast<std::size_t>(kRefusals.front());
}
static_assert(refusal_index(kRefusals.back()) + 1 == kRefusals.size());

[[nodiscard]] constexpr std::string_view name(Drop drop) noexcept {
  return kDropNames[static_cast<std::size_t>(drop)];
}

}  // namespace yoke::net
