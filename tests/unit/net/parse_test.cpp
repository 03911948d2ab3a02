// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/parse.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "dataplane/net/checksum.h"
#include "tests/support/packets.h"

namespace yoke::net {
namespace {

using test::Frame;
using test::PacketSpec;

PacketSpec v6_spec() {
  PacketSpec spec;
  spec.source = "2001:db8::7";
  spec.destination = "2001:db8:1::10";
  return spec;
}

std::vector<std::pair<std::string, Frame>> every_kind_of_frame() {
  std::vector<std::pair<std::string, Frame>> frames;
  for (const PacketSpec& base : {PacketSpec{}, v6_spec()}) {
    const std::string family = base.source.find(':') == std::string::npos ? "v4 " : "v6 ";
    PacketSpec udp = base;
    udp.protocol = 17;
    frames.emplace_back(family + "tcp", test::make_packet(base));
    frames.emplace_back(family + "udp", test::make_packet(udp));
    frames.emplace_back(family + "echo", test::make_echo_request(base));
  }
  frames.emplace_back("arp", test::make_arp_request({}));
  frames.emplace_back("ns", test::make_neighbor_solicitation(v6_spec()));
  return frames;
}

// Parses a copy that ends exactly where an address sanitizer watches.
std::optional<Drop> parse_exactly(const Frame& frame, std::size_t length, ParsedPacket& packet) {
  const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[length]);
  std::copy_n(frame.begin(), length, copy.get());
  return parse(copy.get(), static_cast<std::uint16_t>(length), packet);
}

TEST(Parse, EveryTruncationOfEveryPacketIsADropOrTheKernelsNeverAMisreading) {
  for (const auto& [name, frame] : every_kind_of_frame()) {
    for (std::size_t length = 0; length < frame.size(); ++length) {
      ParsedPacket packet;
      const auto drop = parse_exactly(frame, length, packet);
      if (name == "arp") {
        EXPECT_TRUE(length >= 42 || drop || packet.kind == PacketKind::kOther) << length;
      } else {
        EXPECT_EQ(drop, Drop::kTruncated) << name << " at " << length;
      }
    }
    ParsedPacket packet;
    EXPECT_EQ(parse_exactly(frame, frame.size(), packet), std::nullopt) << name;
    EXPECT_NE(packet.kind, PacketKind::kOther) << name;
  }
}

TEST(Parse, TransportFieldsAreThoseOfThePacket) {
  for (PacketSpec spec : {PacketSpec{}, v6_spec()}) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      spec.protocol = protocol;
      spec.padding = 9;
      const Frame frame = test::make_packet(spec);
      ParsedPacket packet;
      ASSERT_EQ(parse(frame.data(), static_cast<std::uint16_t>(frame.size()), packet),
                std::nullopt);
      EXPECT_EQ(packet.kind, PacketKind::kTransport);
      EXPECT_EQ(static_cast<std::uint8_t>(packet.protocol), protocol);
      EXPECT_EQ(packet.source.to_string(), spec.source);
      EXPECT_EQ(packet.destination.to_string(), spec.destination);
      EXPECT_EQ(packet.source_port.host(), spec.source_port);
      EXPECT_EQ(packet.destination_port.host(), spec.destination_port);
      EXPECT_EQ(packet.l4_length, frame.size() - packet.l4_offset - spec.padding);
      EXPECT_EQ(packet.tcp_flags, protocol == 6 ? spec.tcp_flags : 0);
    }
  }
}

struct Damage {
  const char* what;
  std::size_t at;
  std::uint8_t value;
  bool v6;
  std::optional<Drop> drop;  // of the whole frame
  Drop problem;              // else, for a VIP
};

TEST(Parse, EachContradictionInAHeaderIsFound) {
  const Damage rows[] = {
      {"version 6 in IPv4", 14, 0x65, false, Drop::kBadHeader, {}},
      {"header of 16 octets", 14, 0x44, false, Drop::kBadHeader, {}},
      {"header longer than the packet", 14, 0x4f, false, Drop::kBadHeader, {}},
      {"total length beyond the frame", 16, 0xff, false, Drop::kTruncated, {}},
      {"wrong header checksum", 24, 0x00, false, Drop::kBadChecksum, {}},
      {"version 4 in IPv6", 14, 0x40, true, Drop::kBadHeader, {}},
      {"payload length beyond the frame", 18, 0xff, true, Drop::kTruncated, {}},
      {"hop-by-hop header", 20, 0, true, std::nullopt, Drop::kExtension},
      {"routing header", 20, 43, true, std::nullopt, Drop::kExtension},
      {"fragment header", 20, 44, true, std::nullopt, Drop::kFragment},
      {"SCTP", 20, 132, true, std::nullopt, Drop::kProtocol},
      {"TCP data offset of 4", 54 + 12, 0x40, true, std::nullopt, Drop::kBadHeader},
      {"TCP data offset past the end", 54 + 12, 0xf0, true, std::nullopt, Drop::kBadHeader},
  };
  for (const Damage& row : rows) {
    Frame frame = test::make_packet(row.v6 ? v6_spec() : PacketSpec{});
    frame[row.at] = row.value;
    ParsedPacket packet;
    const auto drop = parse_exactly(frame, frame.size(), packet);
    EXPECT_EQ(drop, row.drop) << row.what;
    if (!row.drop) {
      EXPECT_EQ(packet.kind, PacketKind::kOtherIp) << row.what;
      EXPECT_EQ(packet.problem, row.problem) << row.what;
    }
  }
}

Frame with_ipv4_word(const Frame& original, std::size_t at, std::uint16_t value) {
  Frame frame = original;
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
  frame[24] = frame[25] = 0;
  const auto sum = PartialSum().add({frame.data() + 14, 20}).checksum().raw();
  std::memcpy(frame.data() + 24, &sum, 2);
  return frame;
}

TEST(Parse, FragmentsOfIpv4AreKnownByFlagAndOffset) {
  for (const unsigned fragment : {0x2000U, 0x0001U, 0x3fffU}) {
    const Frame frame =
        with_ipv4_word(test::make_packet({}), 20, static_cast<std::uint16_t>(fragment));
    ParsedPacket packet;
    EXPECT_EQ(parse_exactly(frame, frame.size(), packet), std::nullopt);
    EXPECT_EQ(packet.kind, PacketKind::kOtherIp);
    EXPECT_EQ(packet.problem, Drop::kFragment);
  }
}

TEST(Parse, UdpLengthsAndChecksumsMustMakeSense) {
  PacketSpec spec = v6_spec();
  spec.protocol = 17;
  const Frame good = test::make_packet(spec);
  const auto problem_of = [&](std::size_t at, std::uint8_t high, std::uint8_t low) {
    Frame frame = good;
    frame[at] = high;
    frame[at + 1] = low;
    ParsedPacket packet;
    EXPECT_EQ(parse_exactly(frame, frame.size(), packet), std::nullopt);
    EXPECT_EQ(packet.kind, PacketKind::kOtherIp);
    return packet.problem;
  };
  EXPECT_EQ(problem_of(58, 0, 7), Drop::kBadHeader);
  EXPECT_EQ(problem_of(58, 0x10, 0), Drop::kBadHeader);
  EXPECT_EQ(problem_of(60, 0, 0), Drop::kBadChecksum);
}

TEST(Parse, AMappedAddressOnTheWireIsAMartian) {
  Frame frame = test::make_packet(v6_spec());
  const auto mapped = IpAddress::v4(192, 0, 2, 1).octets();
  std::copy(mapped.begin(), mapped.end(), frame.begin() + 22);
  ParsedPacket packet;
  EXPECT_EQ(parse_exactly(frame, frame.size(), packet), Drop::kMartian);
}

TEST(Parse, SolicitationsThatRfc4861DiscardsAreNotAnswered) {
  const Frame good = test::make_neighbor_solicitation(v6_spec());
  ParsedPacket packet;
  ASSERT_EQ(parse_exactly(good, good.size(), packet), std::nullopt);
  ASSERT_EQ(packet.kind, PacketKind::kNeighborSolicitation);
  EXPECT_EQ(packet.destination.to_string(), v6_spec().destination);
  // Hop limit, code, multicast target, checksum, option of length zero.
  for (const std::size_t at : {21U, 55U, 62U, 56U, 79U}) {
    Frame frame = good;
    frame[at] = at == 62 ? 0xff : static_cast<std::uint8_t>(at == 79 ? 0 : frame[at] ^ 1);
    ASSERT_EQ(parse_exactly(frame, frame.size(), packet), std::nullopt);
    EXPECT_NE(packet.kind, PacketKind::kNeighborSolicitation) << at;
  }
  PacketSpec nobody = v6_spec();
  nobody.source = "::";
  const Frame probe = test::make_neighbor_solicitation(nobody, false);
  ASSERT_EQ(parse_exactly(probe, probe.size(), packet), std::nullopt);
  EXPECT_EQ(packet.kind, PacketKind::kNeighborSolicitation);
  const Frame wrong = test::make_neighbor_solicitation(nobody, true);
  ASSERT_EQ(parse_exactly(wrong, wrong.size(), packet), std::nullopt);
  EXPECT_NE(packet.kind, PacketKind::kNeighborSolicitation);
}

TEST(Parse, RandomDamageIsNeverReadPastTheEnd) {
  std::mt19937 random(20260101);
  const auto frames = every_kind_of_frame();
  for (int i = 0; i < 200000; ++i) {
    Frame frame = frames[random() % frames.size()].second;
    for (unsigned hits = random() % 4; hits > 0; --hits) {
      frame[12 + random() % (frame.size() - 12)] = static_cast<std::uint8_t>(random());
    }
    const std::size_t length = random() % (frame.size() + 1);
    ParsedPacket packet;
    if (!parse_exactly(frame, length, packet) && packet.kind == PacketKind::kTransport) {
      EXPECT_LE(packet.l4_offset + packet.l4_length, length);
    }
  }
}

}  // namespace
}  // namespace yoke::net
