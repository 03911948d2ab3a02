// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of the data plane, each with its reason. A configuration beyond one is refused when
// it is staged, with the bound named; nothing is ever cut short in silence.
namespace yoke::limits {

inline constexpr std::size_t kBurst = 32;    // packets a round: fits L1 with their headers
inline constexpr std::size_t kWorkers = 64;  // data-plane cores of a unit
inline constexpr std::size_t kPorts = 16;    // data ports of a unit
inline constexpr std::size_t kVips = 4096;   // services
inline constexpr std::size_t kPools = 4096;
// Groups of VIPs, with that of the VIPs in none: what a word of bits and one page of leases hold
// (api/lease_page.h).
inline constexpr std::size_t kGroups = 63;
inline constexpr std::size_t kServers = 16384;  // of all pools together: 1,000 VIPs of 16 servers
inline constexpr std::size_t kServersPerPool = 1024;  // Maglev's spread needs 64 slots a server
inline constexpr std::uint16_t kWeightMax = 256;
inline constexpr std::uint32_t kMaglevSlots = 65537;  // prime; Maglev (NSDI'16) section 5.3
inline constexpr std::size_t kSnatPerVip = 16;
// Lists of prefixes: one of 100,000 is 2 MB of tables (lb/prefix_table.h), and 2 MB as a message.
inline constexpr std::size_t kPrefixLists = 256;
inline constexpr std::size_t kPrefixesPerList = 100'000;
inline constexpr std::size_t kPrefixes = 200'000;         // of all lists together
inline constexpr std::uint32_t kFlowRateMax = 1'000'000;  // what one core opens a second, at most
inline constexpr std::uint32_t kFlowsMax = 100'000'000;   // more than any flow table holds
inline constexpr std::size_t kRoutes = 4096;              // mirrored from the kernel
inline constexpr std::size_t kNeighbors = 16384;          // mirrored from the kernel
inline constexpr std::uint16_t kSnatPortFirst = 1024;     // below are well-known ports (RFC 6335)
inline constexpr unsigned kSnatPortTries = 64;  // full tuple checks before a flow is refused a port
// How long a flow rests before it ends, where its VIP says nothing else. RFC 5382 REQ-5: at least
// 2 h 4 min for an established connection. RFC 4787 REQ-5: five minutes recommended.
inline constexpr std::chrono::milliseconds kTcpIdle = std::chrono::minutes(124);
inline constexpr std::chrono::milliseconds kUdpIdle = std::chrono::minutes(5);
inline constexpr std::size_t kApiMessageBytes = std::size_t{64} << 20;

static_assert(kMaglevSlots / kServersPerPool >= 64);

}  // namespace yoke::limits
