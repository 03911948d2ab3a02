// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/rewrite.h"

#include <algorithm>

#include "dataplane/net/checksum.h"

namespace yoke::net {
namespace {

void translate_tcp(TcpHeader& tcp, const Translation& to, PartialSum difference) noexcept {
  difference.subtract(tcp.source_port).add(to.source_port);
  difference.subtract(tcp.destination_port).add(to.destination_port);
  tcp.source_port = to.source_port;
  tcp.destination_port = to.destination_port;
  tcp.checksum = updated(tcp.checksum, difference);
}

void translate_udp(UdpHeader& udp, const Translation& to, PartialSum difference) noexcept {
  difference.subtract(udp.source_port).add(to.source_port);
  difference.subtract(udp.destination_port).add(to.destination_port);
  udp.source_port = to.source_port;
  udp.destination_port = to.destination_port;
  if (udp.checksum.raw() == 0) return;  // the sender made none, and none is made up (RFC 768)
  udp.checksum = updated(udp.checksum, difference);
  if (udp.checksum.raw() == 0) udp.checksum = Be16::from_raw(0xffff);
}

// One hop less, and what that and `difference` make of the checksum.
void decrement_ttl(Ipv4Header& ip, PartialSum difference) noexcept {
  // The TTL is the high octet of its 16-bit word.
  const auto word = [&] {
    return Be16::from_host(static_cast<std::uint16_t>(ip.ttl << 8 | ip.protocol));
  };
  difference.subtract(word());
  --ip.ttl;
  ip.checksum = updated(ip.checksum, difference.add(word()));
}

}  // namespace

void decrement_ttl(std::uint8_t* data, const ParsedPacket& packet) noexcept {
  if (packet.is_v4) {
    decrement_ttl(header_at<Ipv4Header>(data + kIpOffset), PartialSum());
  } else {
    --header_at<Ipv6Header>(data + kIpOffset).hop_limit;
  }
}

void translate(std::uint8_t* data, const ParsedPacket& packet, const Translation& to) noexcept {
  PartialSum difference;
  difference.subtract(packet.source).add(to.source);
  difference.subtract(packet.destination).add(to.destination);
  if (packet.is_v4) {
    auto& ip = header_at<Ipv4Header>(data + kIpOffset);
    std::copy_n(to.source.v4_octets(), 4, ip.source.begin());
    std::copy_n(to.destination.v4_octets(), 4, ip.destination.begin());
    decrement_ttl(ip, difference);
  } else {
    auto& ip = header_at<Ipv6Header>(data + kIpOffset);
    ip.source = to.source.octets();
    ip.destination = to.destination.octets();
    --ip.hop_limit;
  }
  if (packet.protocol == Protocol::kTcp) {
    translate_tcp(header_at<TcpHeader>(data + packet.l4_offset), to, difference);
  } else {
    translate_udp(header_at<UdpHeader>(data + packet.l4_offset), to, difference);
  }
}

void set_macs(std::uint8_t* data, const MacAddress& destination,
              const MacAddress& source) noexcept {
  auto& ethernet = header_at<EthernetHeader>(data);
  ethernet.destination = destination;
  ethernet.source = source;
}

}  // namespace yoke::net
