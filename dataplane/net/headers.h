// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// Headers as they lie on the wire, at any alignment; bounds are checked once, in parse(), and never
// again. Copied by load() and store(), or looked at and written where they are by header_at(): a
// copy is made in pieces that overlap, and whoever reads one of its fields at once waits for all of
// them (some 5 ns each, on the packet path the most of it). Threads: values, any.
namespace yoke::net {

// Ethernet II.
struct [[gnu::may_alias]] EthernetHeader {
  MacAddress destination, source;
  Be16 type;
};
enum class EtherType : std::uint16_t { kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd };

// RFC 791 section 3.1, without options.
struct [[gnu::may_alias]] Ipv4Header {
  std::uint8_t version_length;  // version in the high half, length in 32-bit words in the low
  std::uint8_t service;
  Be16 total_length;
  Be16 identification;
  Be16 fragment;  // three flags, then the offset in 8-octet units
  std::uint8_t ttl;
  std::uint8_t protocol;
  Be16 checksum;
  std::array<std::uint8_t, 4> source, destination;
};

// RFC 8200 section 3.
struct [[gnu::may_alias]] Ipv6Header {
  Be32 version_class_label;
  Be16 payload_length;
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  std::array<std::uint8_t, 16> source, destination;
};

// RFC 9293 section 3.1, without options.
struct [[gnu::may_alias]] TcpHeader {
  Be16 source_port, destination_port;
  Be32 sequence, acknowledgment;
  std::uint8_t data_offset;  // in 32-bit words, in the high half
  std::uint8_t flags;
  Be16 window, checksum, urgent;
};

// RFC 768.
struct [[gnu::may_alias]] UdpHeader {
  Be16 source_port, destination_port, length, checksum;
};

// RFC 792 and RFC 4443 section 2.1; echo messages go on with identifier and sequence.
struct IcmpHeader {
  std::uint8_t type, code;
  Be16 checksum;
  Be32 rest;
};

// RFC 826 for Ethernet and IPv4.
struct ArpPacket {
  Be16 hardware, protocol;
  std::uint8_t hardware_length, protocol_length;
  Be16 operation;
  MacAddress sender_mac;
  std::array<std::uint8_t, 4> sender;
  MacAddress target_mac;
  std::array<std::uint8_t, 4> target;
};

// RFC 4861 sections 4.3 and 4.4: solicitation and advertisement have one shape.
struct NeighborMessage {
  std::uint8_t type, code;
  Be16 checksum;
  Be32 flags;
  std::array<std::uint8_t, 16> target;
};
// RFC 4861 section 4.6.1, for Ethernet.
struct LinkAddressOption {
  std::uint8_t type, length;  // length in 8-octet units: 1
  MacAddress mac;
};

static_assert(sizeof(EthernetHeader) == 14);
static_assert(sizeof(Ipv4Header) == 20 && offsetof(Ipv4Header, checksum) == 10);
static_assert(sizeof(Ipv6Header) == 40);
static_assert(sizeof(TcpHeader) == 20 && offsetof(TcpHeader, checksum) == 16);
static_assert(sizeof(UdpHeader) == 8);
static_assert(sizeof(IcmpHeader) == 8);
static_assert(sizeof(ArpPacket) == 28);
static_assert(sizeof(NeighborMessage) == 24);
static_assert(sizeof(LinkAddressOption) == 8);

namespace icmp {
inline constexpr std::uint8_t kEchoReply = 0, kEchoRequest = 8;
}
namespace icmp6 {
inline constexpr std::uint8_t kEchoRequest = 128, kEchoReply = 129;
inline constexpr std::uint8_t kNeighborSolicitation = 135, kNeighborAdvertisement = 136;
inline constexpr std::uint8_t kSourceLinkAddress = 1, kTargetLinkAddress = 2;
}  // namespace icmp6

template <typename Header>
[[nodiscard]] Header load(const std::uint8_t* at) noexcept {
  static_assert(std::is_trivially_copyable_v<Header> && alignof(Header) == 1);
  Header header;
  std::memcpy(&header, at, sizeof header);
  return header;
}
// The header that lies at `at`. Other headers may have been there, and whole words are read and
// written over them as well: such a type is marked to alias everything.
template <typename Header>
[[nodiscard]] const Header& header_at(const std::uint8_t* at) noexcept {
  static_assert(std::is_trivially_copyable_v<Header> && alignof(Header) == 1);
  return *reinterpret_cast<const Header*>(at);
}
template <typename Header>
[[nodiscard]] Header& header_at(std::uint8_t* at) noexcept {
  static_assert(std::is_trivially_copyable_v<Header> && alignof(Header) == 1);
  return *reinterpret_cast<Header*>(at);
}
template <typename Header>
void store(std::uint8_t* at, const Header& header) noexcept {
  static_assert(std::is_trivially_copyable_v<Header> && alignof(Header) == 1);
  std::memcpy(at, &header, sizeof header);
}

}  // namespace yoke::net
