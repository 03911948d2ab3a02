// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/parse.h"

#include "dataplane/net/checksum.h"

namespace yoke::net {
namespace {

constexpr std::uint8_t kProtocolIcmp = 1, kProtocolTcp = 6, kProtocolUdp = 17, kProtocolIcmpV6 = 58;
constexpr std::uint16_t kMoreFragments = 0x2000, kFragmentOffset = 0x1fff;

// IPv6 headers that stand between the fixed one and a transport (RFC 8200 section 4, RFC 6275,
// 7401).
bool is_extension(std::uint8_t next_header) noexcept {
  switch (next_header) {
    case 0:
    case 43:
    case 50:
    case 51:
    case 60:
    case 135:
    case 139:
    case 140:
      return true;
    default:
      return false;
  }
}
constexpr std::uint8_t kFragmentHeader = 44;

void parse_tcp(const std::uint8_t* data, ParsedPacket& packet) noexcept {
  if (packet.l4_length < sizeof(TcpHeader)) {
    packet.problem = Drop::kTruncated;
    return;
  }
  const auto& tcp = header_at<TcpHeader>(data + packet.l4_offset);
  const unsigned header_length = (tcp.data_offset >> 4) * 4U;
  if (header_length < sizeof(TcpHeader) || header_length > packet.l4_length) {
    packet.problem = Drop::kBadHeader;
    return;
  }
  packet.kind = PacketKind::kTransport;
  packet.protocol = Protocol::kTcp;
  packet.source_port = tcp.source_port;
  packet.destination_port = tcp.destination_port;
  packet.tcp_flags = tcp.flags;
}

void parse_udp(const std::uint8_t* data, ParsedPacket& packet) noexcept {
  if (packet.l4_length < sizeof(UdpHeader)) {
    packet.problem = Drop::kTruncated;
    return;
  }
  const auto& udp = header_at<UdpHeader>(data + packet.l4_offset);
  if (udp.length.host() < sizeof(UdpHeader) || udp.length.host() > packet.l4_length) {
    packet.problem = Drop::kBadHeader;
    return;
  }
  // A UDP packet over IPv6 must carry a checksum (RFC 8200 section 8.1).
  if (!packet.is_v4 && udp.checksum.raw() == 0) {
    packet.problem = Drop::kBadChecksum;
    return;
  }
  packet.kind = PacketKind::kTransport;
  packet.protocol = Protocol::kUdp;
  packet.source_port = udp.source_port;
  packet.destination_port = udp.destination_port;
}

void parse_icmp(const std::uint8_t* data, ParsedPacket& packet) noexcept {
  if (packet.l4_length < sizeof(IcmpHeader)) {
    packet.problem = Drop::kTruncated;
    return;
  }
  const auto message = load<IcmpHeader>(data + packet.l4_offset);
  if (message.type == icmp::kEchoRequest && message.code == 0) {
    packet.kind = PacketKind::kEchoRequest;
    packet.protocol = Protocol::kIcmp;
  }
}

// RFC 4861 section 7.1.1, each "MUST silently discard" in turn.
bool is_valid_solicitation(const std::uint8_t* data, const ParsedPacket& packet) noexcept {
  if (packet.ttl != 255 || packet.l4_length < sizeof(NeighborMessage)) return false;
  const auto message = load<NeighborMessage>(data + packet.l4_offset);
  if (message.code != 0 || message.target[0] == 0xff) return false;
  auto sum = pseudo_header(packet.source, packet.destination, Protocol::kIcmpV6, packet.l4_length);
  if (sum.add({data + packet.l4_offset, packet.l4_length}).folded() != 0xffff) return false;
  const bool from_nobody = packet.source.is_unspecified();
  if (from_nobody && !packet.destination.is_multicast()) return false;
  std::uint16_t at = sizeof(NeighborMessage);
  while (at < packet.l4_length) {
    if (packet.l4_length - at < 2) return false;
    const unsigned length = data[packet.l4_offset + at + 1U] * 8U;
    if (length == 0 || length > packet.l4_length - at * 1U) return false;
    if (from_nobody && data[packet.l4_offset + at] == icmp6::kSourceLinkAddress) return false;
    at = static_cast<std::uint16_t>(at + length);
  }
  return true;
}

void parse_icmp6(const std::uint8_t* data, ParsedPacket& packet) noexcept {
  if (packet.l4_length < sizeof(IcmpHeader)) {
    packet.problem = Drop::kTruncated;
    return;
  }
  const auto message = load<IcmpHeader>(data + packet.l4_offset);
  packet.protocol = Protocol::kIcmpV6;
  if (message.type == icmp6::kEchoRequest && message.code == 0) {
    packet.kind = PacketKind::kEchoRequest;
  } else if (message.type == icmp6::kNeighborSolicitation && is_valid_solicitation(data, packet)) {
    packet.kind = PacketKind::kNeighborSolicitation;
    packet.destination =
        IpAddress::load_v6(load<NeighborMessage>(data + packet.l4_offset).target.data());
  }
}

std::optional<Drop> parse_ipv4(const std::uint8_t* data, std::uint16_t length,
                               ParsedPacket& packet) noexcept {
  const std::uint16_t available = static_cast<std::uint16_t>(length - kIpOffset);
  if (available < sizeof(Ipv4Header)) return Drop::kTruncated;
  const auto& ip = header_at<Ipv4Header>(data + kIpOffset);
  const std::uint16_t header_length = static_cast<std::uint16_t>((ip.version_length & 0x0f) * 4);
  const std::uint16_t total_length = ip.total_length.host();
  if (ip.version_length >> 4 != 4 || header_length < sizeof(Ipv4Header) ||
      total_length < header_length) {
    return Drop::kBadHeader;
  }
  if (total_length > available) return Drop::kTruncated;
  if (PartialSum().add({data + kIpOffset, header_length}).folded() != 0xffff) {
    return Drop::kBadChecksum;
  }
  packet.kind = PacketKind::kOtherIp;
  packet.is_v4 = true;
  packet.ttl = ip.ttl;
  packet.source = IpAddress::load_v4(ip.source.data());
  packet.destination = IpAddress::load_v4(ip.destination.data());
  packet.l4_offset = static_cast<std::uint16_t>(kIpOffset + header_length);
  packet.l4_length = static_cast<std::uint16_t>(total_length - header_length);
  if ((ip.fragment.host() & (kMoreFragments | kFragmentOffset)) != 0) {
    packet.problem = Drop::kFragment;
    return std::nullopt;
  }
  if (ip.protocol == kProtocolTcp) parse_tcp(data, packet);
  if (ip.protocol == kProtocolUdp) parse_udp(data, packet);
  if (ip.protocol == kProtocolIcmp) parse_icmp(data, packet);
  return std::nullopt;
}

std::optional<Drop> parse_ipv6(const std::uint8_t* data, std::uint16_t length,
                               ParsedPacket& packet) noexcept {
  const std::uint16_t available = static_cast<std::uint16_t>(length - kIpOffset);
  if (available < sizeof(Ipv6Header)) return Drop::kTruncated;
  const auto& ip = header_at<Ipv6Header>(data + kIpOffset);
  if (ip.version_class_label.host() >> 28 != 6) return Drop::kBadHeader;
  if (ip.payload_length.host() > available - sizeof(Ipv6Header)) return Drop::kTruncated;
  packet.kind = PacketKind::kOtherIp;
  packet.ttl = ip.hop_limit;
  packet.source = IpAddress::load_v6(ip.source.data());
  packet.destination = IpAddress::load_v6(ip.destination.data());
  // A mapped address must not appear on the wire (RFC 4942 section 2.2): it would pass for IPv4.
  if (packet.source.is_v4() || packet.destination.is_v4()) return Drop::kMartian;
  packet.l4_offset = kIpOffset + sizeof(Ipv6Header);
  packet.l4_length = ip.payload_length.host();
  if (ip.next_header == kProtocolTcp) parse_tcp(data, packet);
  if (ip.next_header == kProtocolUdp) parse_udp(data, packet);
  if (ip.next_header == kProtocolIcmpV6) parse_icmp6(data, packet);
  if (ip.next_header == kFragmentHeader) packet.problem = Drop::kFragment;
  if (is_extension(ip.next_header)) packet.problem = Drop::kExtension;
  return std::nullopt;
}

void parse_arp(const std::uint8_t* data, std::uint16_t length, ParsedPacket& packet) noexcept {
  if (length < kIpOffset + sizeof(ArpPacket)) return;
  const auto arp = load<ArpPacket>(data + kIpOffset);
  const bool is_request = arp.hardware.host() == 1 && arp.protocol.host() == 0x0800 &&
                          arp.hardware_length == 6 && arp.protocol_length == 4 &&
                          arp.operation.host() == 1;
  if (!is_request) return;
  packet.kind = PacketKind::kArpRequest;
  packet.is_v4 = true;
  packet.source = IpAddress::load_v4(arp.sender.data());
  packet.destination = IpAddress::load_v4(arp.target.data());
}

}  // namespace

std::optional<Drop> parse(const std::uint8_t* data, std::uint16_t length,
                          ParsedPacket& packet) noexcept {
  packet.kind = PacketKind::kOther;
  packet.is_v4 = false;
  packet.tcp_flags = 0;
  packet.problem = Drop::kProtocol;
  if (length < sizeof(EthernetHeader)) return Drop::kTruncated;
  switch (static_cast<EtherType>(header_at<EthernetHeader>(data).type.host())) {
    case EtherType::kIpv4:
      return parse_ipv4(data, length, packet);
    case EtherType::kIpv6:
      return parse_ipv6(data, length, packet);
    case EtherType::kArp:
      parse_arp(data, length, packet);
      break;
  }
  return std::nullopt;
}

}  // namespace yoke::net
