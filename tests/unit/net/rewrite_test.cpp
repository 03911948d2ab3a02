// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/rewrite.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/net/checksum.h"
#include "dataplane/net/reply.h"
#include "tests/support/packets.h"

namespace yoke::net {
namespace {

using test::Frame;
using test::PacketSpec;

constexpr MacAddress kOwn{{2, 0, 0, 0, 0, 0x0a}};

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

ParsedPacket parsed(const Frame& frame) {
  ParsedPacket packet;
  EXPECT_EQ(parse(frame.data(), static_cast<std::uint16_t>(frame.size()), packet), std::nullopt);
  return packet;
}

std::string random_v4(std::mt19937& random) {
  return IpAddress::v4(static_cast<std::uint8_t>(1 + random() % 200),
                       static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()),
                       static_cast<std::uint8_t>(random()))
      .to_string();
}
std::string random_v6(std::mt19937& random) {
  std::array<std::uint8_t, 16> octets{0x20, 1};
  for (std::size_t i = 2; i < 16; ++i) octets[i] = static_cast<std::uint8_t>(random());
  return IpAddress::v6(octets).to_string();
}

PacketSpec random_spec(std::mt19937& random) {
  PacketSpec spec;
  const bool v4 = random() % 2 == 0;
  spec.source = v4 ? random_v4(random) : random_v6(random);
  spec.destination = v4 ? random_v4(random) : random_v6(random);
  spec.source_port = static_cast<std::uint16_t>(random());
  spec.destination_port = static_cast<std::uint16_t>(random());
  spec.protocol = random() % 2 == 0 ? 6 : 17;
  spec.payload = random() % 64;
  spec.ttl = static_cast<std::uint8_t>(2 + random() % 254);
  return spec;
}

TEST(Rewrite, TranslationGivesThePacketThatWouldHaveBeenBuiltThatWay) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    PacketSpec spec = random_spec(random);
    Frame frame = test::make_packet(spec);
    const bool v4 = spec.source.find(':') == std::string::npos;
    PacketSpec other = spec;
    other.source = v4 ? random_v4(random) : random_v6(random);
    other.destination = v4 ? random_v4(random) : random_v6(random);
    other.source_port = static_cast<std::uint16_t>(random());
    other.destination_port = static_cast<std::uint16_t>(random());
    other.ttl = static_cast<std::uint8_t>(spec.ttl - 1);
    translate(frame.data(), parsed(frame),
              {ip(other.source), ip(other.destination), Be16::from_host(other.source_port),
               Be16::from_host(other.destination_port)});
    EXPECT_TRUE(test::checksums_hold(frame));
    const Frame built = test::make_packet(other);
    // All but the checksums to the octet; those may differ in the spelling of zero.
    Frame a = frame;
    Frame b = built;
    for (Frame* f : {&a, &b}) {
      const std::size_t l4 = v4 ? 34U : 54U;
      const std::size_t at = l4 + (spec.protocol == 6 ? 16U : 6U);
      (*f)[at] = (*f)[at + 1] = 0;
      if (v4) (*f)[24] = (*f)[25] = 0;
    }
    EXPECT_EQ(a, b);
  }
}

TEST(Rewrite, DamageInThePayloadIsNotPaperedOver) {
  PacketSpec spec;
  Frame frame = test::make_packet(spec);
  frame.back() ^= 0x40;
  translate(frame.data(), parsed(frame),
            {ip("192.0.2.1"), ip("192.0.2.2"), Be16::from_host(1), Be16::from_host(2)});
  EXPECT_FALSE(test::checksums_hold(frame));
}

TEST(Rewrite, AUdpPacketWithoutAChecksumStaysWithout) {
  PacketSpec spec;
  spec.protocol = 17;
  Frame frame = test::make_packet(spec);
  frame[40] = frame[41] = 0;
  translate(frame.data(), parsed(frame),
            {ip("192.0.2.1"), ip("192.0.2.2"), Be16::from_host(1), Be16::from_host(2)});
  EXPECT_EQ(frame[40], 0);
  EXPECT_EQ(frame[41], 0);
}

TEST(Rewrite, EveryTtlKeepsTheHeaderChecksumRight) {
  for (unsigned ttl = 1; ttl < 256; ++ttl) {
    for (const char* family : {"192.0.2.1", "2001:db8::1"}) {
      PacketSpec spec;
      spec.source = spec.destination = family;
      spec.ttl = static_cast<std::uint8_t>(ttl);
      Frame frame = test::make_packet(spec);
      decrement_ttl(frame.data(), parsed(frame));
      EXPECT_TRUE(test::checksums_hold(frame)) << ttl;
      EXPECT_EQ(parsed(frame).ttl, ttl - 1);
    }
  }
}

TEST(Reply, AnEchoComesBackToWhereItCameFrom) {
  for (const auto& [source, destination] :
       {std::pair{"198.51.100.7", "203.0.113.10"}, {"2001:db8::7", "2001:db8:1::10"}}) {
    PacketSpec spec;
    spec.source = source;
    spec.destination = destination;
    Frame frame = test::make_echo_request(spec);
    echo_reply(frame.data(), parsed(frame), kOwn);
    const ParsedPacket reply = parsed(frame);
    EXPECT_TRUE(test::checksums_hold(frame));
    EXPECT_EQ(reply.source.to_string(), destination);
    EXPECT_EQ(reply.destination.to_string(), source);
    EXPECT_EQ(frame[reply.l4_offset], reply.is_v4 ? 0 : 129);
    EXPECT_EQ(load<EthernetHeader>(frame.data()).destination.to_string(), spec.from_mac);
    EXPECT_EQ(load<EthernetHeader>(frame.data()).source, kOwn);
  }
}

TEST(Reply, ArpTellsTheAskerWhereTheAddressIs) {
  PacketSpec spec;
  spec.to_mac = "ff:ff:ff:ff:ff:ff";
  Frame frame = test::make_arp_request(spec);
  arp_reply(frame.data(), kOwn);
  const auto arp = load<ArpPacket>(frame.data() + 14);
  EXPECT_EQ(arp.operation.host(), 2);
  EXPECT_EQ(arp.sender_mac, kOwn);
  EXPECT_EQ(IpAddress::load_v4(arp.sender.data()).to_string(), spec.destination);
  EXPECT_EQ(arp.target_mac.to_string(), spec.from_mac);
  EXPECT_EQ(IpAddress::load_v4(arp.target.data()).to_string(), spec.source);
  EXPECT_EQ(load<EthernetHeader>(frame.data()).destination.to_string(), spec.from_mac);
}

TEST(Reply, NeighborAdvertisementIsValidWhetherAskedByOneOrByNobody) {
  for (const bool by_nobody : {false, true}) {
    PacketSpec spec;
    spec.source = by_nobody ? "::" : "2001:db8::7";
    spec.destination = "2001:db8:1::10";
    Frame frame = test::make_neighbor_solicitation(spec, !by_nobody);
    const ParsedPacket question = parsed(frame);
    frame.resize(kAdvertisementLength);
    EXPECT_EQ(neighbor_advertisement(frame.data(), question, kOwn), kAdvertisementLength);
    EXPECT_TRUE(test::checksums_hold(frame));
    const ParsedPacket reply = parsed(frame);
    EXPECT_EQ(reply.ttl, 255);
    EXPECT_EQ(reply.source.to_string(), spec.destination);
    EXPECT_EQ(reply.destination.to_string(), by_nobody ? "ff02::1" : spec.source);
    EXPECT_EQ(frame[54], 136);
    EXPECT_EQ(frame[58], by_nobody ? 0x20 : 0x60);
    EXPECT_EQ(frame[78], 2);  // target link-layer address
    EXPECT_EQ(load<MacAddress>(frame.data() + 80), kOwn);
    EXPECT_EQ(load<EthernetHeader>(frame.data()).destination.to_string(),
              by_nobody ? "33:33:00:00:00:01" : spec.from_mac);
  }
}

TEST(Checksum, UpdateByDifferenceAgreesWithSummingAnew) {
  std::mt19937 random(2);
  for (int i = 0; i < 100000; ++i) {
    std::array<std::uint8_t, 22> words{};
    for (auto& octet : words)
      octet = random() % 3 == 0 ? 0xff : static_cast<std::uint8_t>(random());
    if (random() % 8 == 0) words.fill(static_cast<std::uint8_t>(random() % 2 == 0 ? 0 : 0xff));
    const Be16 before = PartialSum().add(words).checksum();
    const std::size_t at = random() % 11 * 2;
    PartialSum difference;
    difference.subtract(load<Be16>(words.data() + at));
    const auto value = Be16::from_raw(static_cast<std::uint16_t>(random() % 4 == 0 ? 0 : random()));
    store(words.data() + at, value);
    difference.add(value);
    // Words that are all zero have no sum to tell; no packet with an address is made of them.
    if (PartialSum().add(words).folded() == 0) continue;
    const Be16 after = updated(before, difference);
    // Added to what it covers, the field must give all ones (RFC 1071 section 1).
    EXPECT_EQ(PartialSum().add(words).add(after).folded(), 0xffff);
  }
}

}  // namespace
}  // namespace yoke::net
