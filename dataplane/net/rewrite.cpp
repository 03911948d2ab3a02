// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/rewrite.h"

#include <algorithm>

#include "dataplane/net/checksum.h"

namespace yoke::net {
namespace {

PartialSum difference_of(const IpAddress& from, const IpAddress& to) noexcept {
  return PartialSum().subtract(from).add(to);
}

void translate_tcp(std::uint8_t* at, const Translation& to, PartialSum difference) noexcept {
  auto tcp = load<TcpHeader>(at);
  difference.subtract(tcp.source_port).add(to.source_port);
  difference.subtract(tcp.destination_port).add(to.destination_port);
  tcp.source_port = to.source_port;
  tcp.destination_port = to.destination_port;
  tcp.checksum = updated(tcp.checksum, difference);
  store(at, tcp);
}

void translate_udp(std::uint8_t* at, const Translation& to, PartialSum difference) noexcept {
  auto udp = load<UdpHeader>(at);
  difference.subtract(udp.source_port).add(to.source_port);
  difference.subtract(udp.destination_port).add(to.destination_port);
  udp.source_port = to.source_port;
  udp.destination_port = to.destination_port;
  if (udp.checksum.raw() != 0) {  // zero: the sender made none, and none is made up (RFC 768)
    udp.checksum = updated(udp.checksum, difference);
    if (udp.checksum.raw() == 0) udp.checksum = Be16::from_raw(0xffff);
  }
  store(at, udp);
}

}  // namespace

void decrement_ttl(std::uint8_t* data, const ParsedPacket& packet) noexcept {
  std::uint8_t* ip_at = data + kIpOffset;
  if (packet.is_v4) {
    auto ip = load<Ipv4Header>(ip_at);
    // The TTL is the high octet of its 16-bit word.
    const auto word = [&] {
      return Be16::from_host(static_cast<std::uint16_t>(ip.ttl << 8 | ip.protocol));
    };
    PartialSum difference;
    difference.subtract(word());
    --ip.ttl;
    ip.checksum = updated(ip.checksum, difference.add(word()));
    store(ip_at, ip);
  } else {
    --ip_at[offsetof(Ipv6Header, hop_limit)];
  }
}

void translate(std::uint8_t* data, const ParsedPacket& packet, const Translation& to) noexcept {
  std::uint8_t* ip_at = data + kIpOffset;
  PartialSum difference = difference_of(packet.source, to.source);
  difference.add(Be16::from_raw(difference_of(packet.destination, to.destination).folded()));
  if (packet.is_v4) {
    auto ip = load<Ipv4Header>(ip_at);
    std::copy_n(to.source.v4_octets(), 4, ip.source.begin());
    std::copy_n(to.destination.v4_octets(), 4, ip.destination.begin());
    ip.checksum = updated(ip.checksum, difference);
    store(ip_at, ip);
  } else {
    auto ip = load<Ipv6Header>(ip_at);
    ip.source = to.source.octets();
    ip.destination = to.destination.octets();
    store(ip_at, ip);
  }
  decrement_ttl(data, packet);
  if (packet.protocol == Protocol::kTcp) {
    translate_tcp(data + packet.l4_offset, to, difference);
  } else {
    translate_udp(data + packet.l4_offset, to, difference);
  }
}

void set_macs(std::uint8_t* data, const MacAddress& destination,
              const MacAddress& source) noexcept {
  auto ethernet = load<EthernetHeader>(data);
  ethernet.destination = destination;
  ethernet.source = source;
  store(data, ethernet);
}

}  // namespace yoke::net
