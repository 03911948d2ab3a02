// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packets.h"

#include <arpa/inet.h>

#include <cstdio>

namespace yoke::test {
namespace {

void append(Frame& frame, const Frame& more) {
  frame.insert(frame.end(), more.begin(), more.end());
}
void append16(Frame& frame, unsigned value) {
  frame.push_back(static_cast<std::uint8_t>(value >> 8));
  frame.push_back(static_cast<std::uint8_t>(value));
}
void put16(Frame& frame, std::size_t at, unsigned value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}
unsigned get16(const Frame& frame, std::size_t at) {
  return static_cast<unsigned>(frame[at]) << 8 | frame[at + 1];
}

Frame mac(const std::string& text) {
  Frame out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 3) {
    out.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return out;
}

// RFC 1071, as slowly as it can be written.
unsigned sum16(const Frame& bytes) {
  unsigned long sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<unsigned long>(bytes[i]) << 8 : bytes[i];
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<unsigned>(sum);
}

Frame pseudo(const Frame& addresses, std::uint8_t protocol, std::size_t length) {
  Frame out = addresses;
  append16(out, protocol);
  append16(out, static_cast<unsigned>(length));
  return out;
}

Frame wrap(const PacketSpec& spec, std::uint8_t protocol, const Frame& message) {
  const Frame source = octets(spec.source);
  const Frame destination = octets(spec.destination);
  Frame frame = mac(spec.to_mac);
  append(frame, mac(spec.from_mac));
  if (source.size() == 4) {
    append16(frame, 0x0800);
    Frame ip{0x45, 0};
    append16(ip, static_cast<unsigned>(20 + message.size()));
    append(ip, {0x12, 0x34, 0x40, 0, spec.ttl, protocol, 0, 0});
    append(ip, source);
    append(ip, destination);
    put16(ip, 10, ~sum16(ip) & 0xffff);
    append(frame, ip);
  } else {
    append16(frame, 0x86dd);
    append(frame, {0x60, 0, 0, 0});
    append16(frame, static_cast<unsigned>(message.size()));
    append(frame, {protocol, spec.ttl});
    append(frame, source);
    append(frame, destination);
  }
  append(frame, message);
  frame.resize(frame.size() + spec.padding);
  return frame;
}

void fill_checksum(const PacketSpec& spec, std::uint8_t protocol, Frame& message, std::size_t at,
                   bool with_pseudo) {
  Frame covered;
  if (with_pseudo) {
    Frame addresses = octets(spec.source);
    append(addresses, octets(spec.destination));
    covered = pseudo(addresses, protocol, message.size());
  }
  append(covered, message);
  unsigned checksum = ~sum16(covered) & 0xffff;
  if (protocol == 17 && checksum == 0) checksum = 0xffff;
  put16(message, at, checksum);
}

}  // namespace

std::vector<std::uint8_t> octets(const std::string& address) {
  std::vector<std::uint8_t> out(16);
  if (::inet_pton(AF_INET, address.c_str(), out.data()) == 1) {
    out.resize(4);
  } else {
    (void)::inet_pton(AF_INET6, address.c_str(), out.data());
  }
  return out;
}

Frame make_packet(const PacketSpec& spec) {
  Frame message;
  append16(message, spec.source_port);
  append16(message, spec.destination_port);
  std::size_t checksum_at = 6;
  if (spec.protocol == 6) {
    append(message, {1, 2, 3, 4, 5, 6, 7, 8, 0x50, spec.tcp_flags, 0xff, 0xff, 0, 0, 0, 0});
    checksum_at = 16;
  } else {
    append16(message, static_cast<unsigned>(8 + spec.payload));
    append16(message, 0);
  }
  for (std::size_t i = 0; i < spec.payload; ++i) {
    message.push_back(static_cast<std::uint8_t>(i * 37 + 1));
  }
  fill_checksum(spec, spec.protocol, message, checksum_at, true);
  return wrap(spec, spec.protocol, message);
}

Frame make_echo_request(const PacketSpec& spec) {
  const bool is_v4 = octets(spec.source).size() == 4;
  Frame message{static_cast<std::uint8_t>(is_v4 ? 8 : 128), 0, 0, 0, 0x11, 0x22, 0, 1};
  for (std::size_t i = 0; i < spec.payload; ++i) message.push_back(static_cast<std::uint8_t>(i));
  const std::uint8_t protocol = is_v4 ? 1 : 58;
  fill_checksum(spec, protocol, message, 2, !is_v4);
  return wrap(spec, protocol, message);
}

Frame make_arp_request(const PacketSpec& spec) {
  Frame frame = mac(spec.to_mac);
  append(frame, mac(spec.from_mac));
  append(frame, {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1});
  append(frame, mac(spec.from_mac));
  append(frame, octets(spec.source));
  append(frame, {0, 0, 0, 0, 0, 0});
  append(frame, octets(spec.destination));
  frame.resize(60);
  return frame;
}

Frame make_neighbor_solicitation(const PacketSpec& spec, bool with_option) {
  Frame message{135, 0, 0, 0, 0, 0, 0, 0};
  append(message, octets(spec.destination));
  if (with_option) {
    append(message, {1, 1});
    append(message, mac(spec.from_mac));
  }
  PacketSpec outer = spec;
  const Frame target = octets(spec.destination);
  char group[64];
  std::snprintf(group, sizeof group, "ff02::1:ff%02x:%02x%02x", target[13], target[14], target[15]);
  outer.destination = group;
  outer.ttl = 255;
  fill_checksum(outer, 58, message, 2, true);
  return wrap(outer, 58, message);
}

bool checksums_hold(const Frame& frame) {
  const bool is_v4 = get16(frame, 12) == 0x0800;
  const std::size_t header = is_v4 ? (frame[14] & 0x0f) * 4U : 40U;
  if (is_v4 &&
      sum16(Frame(frame.begin() + 14, frame.begin() + 14 + static_cast<long>(header))) != 0xffff) {
    return false;
  }
  const std::uint8_t protocol = is_v4 ? frame[23] : frame[20];
  const std::size_t length = is_v4 ? get16(frame, 16) - header : get16(frame, 18);
  const auto begin = frame.begin() + 14 + static_cast<long>(header);
  const Frame message(begin, begin + static_cast<long>(length));
  if (protocol == 17 && is_v4 && get16(message, 6) == 0) return true;
  Frame covered;
  if (protocol != 1) {
    const auto first = frame.begin() + (is_v4 ? 26 : 22);
    covered = pseudo(Frame(first, first + (is_v4 ? 8 : 32)), protocol, length);
  }
  append(covered, message);
  return sum16(covered) == 0xffff;
}

}  // namespace yoke::test
