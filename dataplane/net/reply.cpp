// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/reply.h"

#include <utility>

#include "dataplane/net/checksum.h"
#include "dataplane/net/rewrite.h"

namespace yoke::net {
namespace {

constexpr std::uint8_t kReplyTtl = 64;  // RFC 1700's recommended default

void swap_addresses(std::uint8_t* data, const ParsedPacket& packet) noexcept {
  std::uint8_t* ip_at = data + kIpOffset;
  if (packet.is_v4) {
    auto ip = load<Ipv4Header>(ip_at);
    std::swap(ip.source, ip.destination);
    ip.ttl = kReplyTtl;
    ip.checksum = {};
    const auto header_length = static_cast<std::size_t>(packet.l4_offset - kIpOffset);
    store(ip_at, ip);
    ip.checksum = PartialSum().add({ip_at, header_length}).checksum();
    store(ip_at, ip);
  } else {
    auto ip = load<Ipv6Header>(ip_at);
    std::swap(ip.source, ip.destination);
    ip.hop_limit = kReplyTtl;
    store(ip_at, ip);
  }
}

}  // namespace

void echo_reply(std::uint8_t* data, const ParsedPacket& packet, const MacAddress& own) noexcept {
  auto message = load<IcmpHeader>(data + packet.l4_offset);
  const auto word = [&] {
    return Be16::from_host(static_cast<std::uint16_t>(message.type << 8 | message.code));
  };
  PartialSum difference;
  difference.subtract(word());
  message.type = packet.is_v4 ? icmp::kEchoReply : icmp6::kEchoReply;
  message.checksum = updated(message.checksum, difference.add(word()));
  store(data + packet.l4_offset, message);
  swap_addresses(data, packet);
  set_macs(data, load<EthernetHeader>(data).source, own);
}

void arp_reply(std::uint8_t* data, const MacAddress& own) noexcept {
  auto arp = load<ArpPacket>(data + kIpOffset);
  arp.operation = Be16::from_host(2);
  std::swap(arp.sender, arp.target);
  arp.target_mac = arp.sender_mac;
  arp.sender_mac = own;
  store(data + kIpOffset, arp);
  set_macs(data, load<EthernetHeader>(data).source, own);
}

std::uint16_t neighbor_advertisement(std::uint8_t* data, const ParsedPacket& packet,
                                     const MacAddress& own) noexcept {
  constexpr std::uint32_t kSolicited = 1U << 30, kOverride = 1U << 29;
  constexpr IpAddress kAllNodes =
      IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  constexpr MacAddress kAllNodesMac{{0x33, 0x33, 0, 0, 0, 1}};
  constexpr std::uint16_t kPayload = sizeof(NeighborMessage) + sizeof(LinkAddressOption);

  const bool to_all = packet.source.is_unspecified();
  const IpAddress target = packet.destination;  // where parse() put it
  const IpAddress to = to_all ? kAllNodes : packet.source;

  auto ip = load<Ipv6Header>(data + kIpOffset);
  ip.payload_length = Be16::from_host(kPayload);
  ip.hop_limit = 255;
  ip.source = target.octets();
  ip.destination = to.octets();
  store(data + kIpOffset, ip);

  NeighborMessage message{};
  message.type = icmp6::kNeighborAdvertisement;
  message.flags = Be32::from_host(to_all ? kOverride : kOverride | kSolicited);
  message.target = target.octets();
  std::uint8_t* at = data + packet.l4_offset;
  store(at + sizeof message, LinkAddressOption{icmp6::kTargetLinkAddress, 1, own});
  store(at, message);
  auto sum = pseudo_header(target, to, Protocol::kIcmpV6, kPayload);
  message.checksum = sum.add({at, kPayload}).checksum();
  store(at, message);

  set_macs(data, to_all ? kAllNodesMac : load<EthernetHeader>(data).source, own);
  return kAdvertisementLength;
}

}  // namespace yoke::net
