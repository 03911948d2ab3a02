// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/net/address.h"
#include "dataplane/net/drop.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/order.h"

// What a frame is, found out once and with every bound checked. What comes after relies on it and
// checks nothing again. Threads: pure.
namespace yoke::net {

enum class PacketKind : std::uint8_t {
  kTransport,             // TCP or UDP, whole
  kEchoRequest,           // ICMP or ICMPv6
  kArpRequest,            // destination: the address asked for
  kNeighborSolicitation,  // destination: the address asked for; valid by RFC 4861 section 7.1.1
  kOtherIp,               // IP all the same; `problem` says what keeps it from being the above
  kOther,                 // not IP, or ARP of another kind: the kernel's
};

// Written by parse() alone; nothing is set before.
struct ParsedPacket {
  PacketKind kind;
  bool is_v4;
  std::uint8_t ttl;        // or hop limit
  std::uint8_t tcp_flags;  // TCP only
  Protocol protocol;
  // Why the unit could not act on this packet were it for a VIP. A packet for somebody else goes to
  // the kernel all the same.
  Drop problem;
  std::uint16_t l4_offset;             // from the frame's start
  std::uint16_t l4_length;             // as the IP header says, without Ethernet padding
  Be16 source_port, destination_port;  // TCP and UDP only
  IpAddress source, destination;
};

inline constexpr std::uint16_t kIpOffset = sizeof(EthernetHeader);

// Returns the reason to drop a frame that no one could make sense of: a broken Ethernet or IP
// header, or lengths that lead out of the frame. Reads `length` octets at `data` and none beyond.
[[nodiscard]] std::optional<Drop> parse(const std::uint8_t* data, std::uint16_t length,
                                        ParsedPacket& packet) noexcept;

}  // namespace yoke::net
