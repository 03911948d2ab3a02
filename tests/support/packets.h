// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Frames for tests, built octet by octet without the code under test, so that they may contradict
// it.
namespace yoke::test {

using Frame = std::vector<std::uint8_t>;

struct PacketSpec {
  std::string source = "198.51.100.7", destination = "203.0.113.10";  // both of one family
  std::uint16_t source_port = 40000, destination_port = 80;
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP
  std::uint8_t tcp_flags = 0x02;
  std::size_t payload = 11;  // odd, so that a checksum's last octet stands alone
  std::uint8_t ttl = 64;
  std::size_t padding = 0;  // behind the IP packet, as Ethernet pads
  std::string from_mac = "02:00:00:00:00:07", to_mac = "02:00:00:00:00:0a";
};

[[nodiscard]] Frame make_packet(const PacketSpec& spec);
[[nodiscard]] Frame make_echo_request(const PacketSpec& spec);
// From spec.source at spec.from_mac, for spec.destination.
[[nodiscard]] Frame make_arp_request(const PacketSpec& spec);
// As above; source "::" is duplicate address detection. `with_option`: carries the sender's MAC.
[[nodiscard]] Frame make_neighbor_solicitation(const PacketSpec& spec, bool with_option = true);

// The checksum field of the frame's IPv4 header and of its TCP, UDP, ICMP message hold, all summed
// anew. A UDP checksum of zero over IPv4 holds.
[[nodiscard]] bool checksums_hold(const Frame& frame);

// Octets of "192.0.2.1" or "2001:db8::1" as a header carries them: 4 or 16.
[[nodiscard]] std::vector<std::uint8_t> octets(const std::string& address);

}  // namespace yoke::test
