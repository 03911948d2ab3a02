// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/vip_frames.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"

namespace yoke::pair {
namespace {

constexpr auto kArpType = static_cast<std::uint16_t>(net::EtherType::kArp);
constexpr auto kIpv6Type = static_cast<std::uint16_t>(net::EtherType::kIpv6);
constexpr std::uint16_t kHardwareEthernet = 1, kProtocolIpv4 = 0x0800, kArpRequest = 1;
constexpr std::uint8_t kHopLimit = 255, kIcmpV6 = 58;
constexpr std::uint32_t kOverride = 1U << 29, kSolicited = 1U << 30;
constexpr net::IpAddress kAllNodes =
    net::IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
constexpr std::size_t kNdHeaders = sizeof(net::Ipv6Header) + sizeof(net::NeighborMessage);

// What every frame of our EtherType begins with.
struct PairHeader {
  net::Be32 magic;
  std::uint8_t version, kind;
  net::Be16 length;
};
static_assert(sizeof(PairHeader) == 8);
constexpr std::uint32_t kPairMagic = 0x594b5056;  // "YKPV"
constexpr std::uint8_t kPairVersion = 1;

std::size_t put_arp(const Link& link, const net::IpAddress& sender, const net::IpAddress& target,
                    std::uint8_t* frame) noexcept {
  const std::size_t at = header_size(link);
  net::ArpPacket arp{};
  arp.hardware = net::Be16::from_host(kHardwareEthernet);
  arp.protocol = net::Be16::from_host(kProtocolIpv4);
  arp.hardware_length = 6;
  arp.protocol_length = 4;
  arp.operation = net::Be16::from_host(kArpRequest);
  arp.sender_mac = link.source;
  std::memcpy(arp.sender.data(), sender.v4_octets(), arp.sender.size());
  std::memcpy(arp.target.data(), target.v4_octets(), arp.target.size());
  put_header(frame, link, kBroadcast, kArpType);
  net::store(frame + at, arp);
  return padded(frame, at + sizeof arp);
}

struct NdFrame {
  net::IpAddress source, destination, target;
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  bool tells_mac = false;
};

std::size_t put_nd(const Link& link, const NdFrame& nd, std::uint8_t* frame) noexcept {
  const std::size_t ip_at = header_size(link), at = ip_at + sizeof(net::Ipv6Header);
  const std::size_t length =
      sizeof(net::NeighborMessage) + (nd.tells_mac ? sizeof(net::LinkAddressOption) : 0);
  net::Ipv6Header ip{};
  ip.version_class_label = net::Be32::from_host(6U << 28);
  ip.payload_length = net::Be16::from_host(static_cast<std::uint16_t>(length));
  ip.next_header = kIcmpV6;
  ip.hop_limit = kHopLimit;
  ip.source = nd.source.octets();
  ip.destination = nd.destination.octets();
  net::NeighborMessage message{};
  message.type = nd.type;
  message.flags = net::Be32::from_host(nd.flags);
  message.target = nd.target.octets();
  put_header(frame, link, group_mac(nd.destination), kIpv6Type);
  net::store(frame + ip_at, ip);
  net::store(frame + at, message);
  if (nd.tells_mac) {
    net::store(frame + at + sizeof message,
               net::LinkAddressOption{net::icmp6::kTargetLinkAddress, 1, link.source});
  }
  message.checksum = net::pseudo_header(nd.source, nd.destination, net::Protocol::kIcmpV6,
                                        static_cast<std::uint16_t>(length))
                         .add({frame + at, length})
                         .checksum();
  net::store(frame + at, message);
  return padded(frame, at + length);
}

// RFC 4291 section 2.7.1.
net::IpAddress solicited_nodes(const net::IpAddress& target) noexcept {
  const auto& octets = target.octets();
  return net::IpAddress::v6(
      {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, octets[13], octets[14], octets[15]});
}

bool is_holdable(const net::IpAddress& address) noexcept {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
}

std::optional<Holder> arp_holder(const EthernetFrame& frame) noexcept {
  if (frame.payload.size() < sizeof(net::ArpPacket)) return std::nullopt;
  const auto arp = net::load<net::ArpPacket>(frame.payload.data());
  const bool is_arp = arp.hardware.host() == kHardwareEthernet &&
                      arp.protocol.host() == kProtocolIpv4 && arp.hardware_length == 6 &&
                      arp.protocol_length == 4;
  const auto address = net::IpAddress::load_v4(arp.sender.data());
  if (!is_arp || !is_holdable(address) || arp.sender_mac.is_multicast()) return std::nullopt;
  return Holder{address, arp.sender_mac, frame.vlan};
}

// The MAC that the options of an advertisement give, the frame's own where they give none, nothing
// where they are not well-formed.
std::optional<net::MacAddress> told_mac(Bytes options, const net::MacAddress& source) noexcept {
  net::MacAddress mac = source;
  while (!options.empty()) {
    if (options.size() < 2) return std::nullopt;
    const std::size_t length = options[1] * std::size_t{8};
    if (length == 0 || length > options.size()) return std::nullopt;
    if (options[0] == net::icmp6::kTargetLinkAddress && options[1] == 1) {
      mac = net::load<net::LinkAddressOption>(options.data()).mac;
    }
    options = options.subspan(length);
  }
  return mac;
}

std::optional<Holder> nd_holder(const EthernetFrame& frame) noexcept {
  if (frame.payload.size() < kNdHeaders) return std::nullopt;
  const auto ip = net::load<net::Ipv6Header>(frame.payload.data());
  const std::size_t length = ip.payload_length.host();
  if (ip.version_class_label.host() >> 28 != 6 || ip.next_header != kIcmpV6 ||
      ip.hop_limit != kHopLimit || length < sizeof(net::NeighborMessage) ||
      frame.payload.size() - sizeof ip < length) {
    return std::nullopt;
  }
  const Bytes body = frame.payload.subspan(sizeof ip, length);
  const auto message = net::load<net::NeighborMessage>(body.data());
  const auto source = net::IpAddress::load_v6(ip.source.data());
  const auto destination = net::IpAddress::load_v6(ip.destination.data());
  const auto target = net::IpAddress::load_v6(message.target.data());
  auto sum = net::PartialSum().add({ip.source.data(), 16}).add({ip.destination.data(), 16});
  sum.add(net::Be16::from_host(kIcmpV6)).add(ip.payload_length).add(body);
  const bool to_group = destination.octets()[0] == 0xff;
  if (message.type != net::icmp6::kNeighborAdvertisement || message.code != 0 ||
      sum.folded() != 0xffff || target.is_v4() || source.is_v4() || !is_holdable(target) ||
      (to_group && (message.flags.host() & kSolicited) != 0)) {
    return std::nullopt;
  }
  const auto mac = told_mac(body.subspan(sizeof message), frame.source);
  if (!mac || mac->is_multicast()) return std::nullopt;
  return Holder{target, *mac, frame.vlan};
}

}  // namespace

std::size_t announcement(const Link& link, const net::IpAddress& vip,
                         std::span<std::uint8_t> frame) noexcept {
  if (frame.size() < kVipFrameMost) return 0;
  if (vip.is_v4()) return put_arp(link, vip, vip, frame.data());
  return put_nd(link, {vip, kAllNodes, vip, net::icmp6::kNeighborAdvertisement, kOverride, true},
                frame.data());
}

std::size_t question(const Link& link, const net::IpAddress& vip,
                     std::span<std::uint8_t> frame) noexcept {
  if (frame.size() < kVipFrameMost) return 0;
  if (vip.is_v4()) return put_arp(link, net::IpAddress::v4(0, 0, 0, 0), vip, frame.data());
  return put_nd(
      link,
      {net::IpAddress(), solicited_nodes(vip), vip, net::icmp6::kNeighborSolicitation, 0, false},
      frame.data());
}

std::optional<Holder> holder(Bytes frame) noexcept {
  const auto ethernet = read_ethernet(frame);
  if (!ethernet) return std::nullopt;
  if (ethernet->type == kArpType) return arp_holder(*ethernet);
  if (ethernet->type == kIpv6Type) return nd_holder(*ethernet);
  return std::nullopt;
}

std::size_t pair_frame(const Link& link, PairFrameKind kind, Bytes payload,
                       std::span<std::uint8_t> frame) noexcept {
  if (payload.size() > 0xffff || frame.size() < kFrameLeast ||
      frame.size() < kPairFrameOverhead + payload.size()) {
    return 0;
  }
  const std::size_t at = header_size(link);
  put_header(frame.data(), link, kBroadcast, kPairEtherType);
  net::store(
      frame.data() + at,
      PairHeader{net::Be32::from_host(kPairMagic), kPairVersion, static_cast<std::uint8_t>(kind),
                 net::Be16::from_host(static_cast<std::uint16_t>(payload.size()))});
  std::copy(payload.begin(), payload.end(),
            frame.begin() + static_cast<std::ptrdiff_t>(at + sizeof(PairHeader)));
  return padded(frame.data(), at + sizeof(PairHeader) + payload.size());
}

std::optional<PairFrame> parse_pair_frame(Bytes frame) noexcept {
  const auto ethernet = read_ethernet(frame);
  if (!ethernet || ethernet->type != kPairEtherType ||
      ethernet->payload.size() < sizeof(PairHeader)) {
    return std::nullopt;
  }
  const auto header = net::load<PairHeader>(ethernet->payload.data());
  const Bytes rest = ethernet->payload.subspan(sizeof header);
  const auto kind = static_cast<PairFrameKind>(header.kind);
  if (header.magic.host() != kPairMagic || header.version != kPairVersion ||
      (kind != PairFrameKind::kSealed && kind != PairFrameKind::kClaim) ||
      rest.size() < header.length.host()) {
    return std::nullopt;
  }
  return PairFrame{kind, {ethernet->source, ethernet->vlan}, rest.first(header.length.host())};
}

}  // namespace yoke::pair
