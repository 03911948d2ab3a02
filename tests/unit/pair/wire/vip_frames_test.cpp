// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/vip_frames.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "dataplane/net/parse.h"
#include "dataplane/net/reply.h"
#include "tests/support/packets.h"

namespace yoke::pair {
namespace {

using Frame = std::vector<std::uint8_t>;

const net::IpAddress kVip4 = *net::IpAddress::parse("203.0.113.10");
const net::IpAddress kVip6 = *net::IpAddress::parse("2001:db8::ab:cdef");
const net::MacAddress kVirtual = virtual_mac(51, true);

using Maker = std::size_t (*)(const Link&, const net::IpAddress&, std::span<std::uint8_t>) noexcept;
Frame made(Maker maker, const net::IpAddress& vip, std::uint16_t vlan = 0) {
  Frame frame(kVipFrameMost);
  frame.resize(maker({kVirtual, vlan}, vip, frame));
  return frame;
}

TEST(VipFrames, AGratuitousArpIsARequestForItself) {
  Frame expected{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x5e, 0, 1,    51, 8,   6,
                 0,    1,    8,    0,    6,    4,    0, 1, 0,    0, 0x5e, 0,  1,   51,
                 203,  0,    113,  10,   0,    0,    0, 0, 0,    0, 203,  0,  113, 10};
  expected.resize(60);
  EXPECT_EQ(made(announcement, kVip4), expected);
}

TEST(VipFrames, AnUnsolicitedAdvertisementOverridesAndGoesToAll) {
  const Frame frame = made(announcement, kVip6);
  const Frame ethernet{0x33, 0x33, 0, 0, 0, 1, 0, 0, 0x5e, 0, 1, 51, 0x86, 0xdd};
  EXPECT_EQ(Frame(frame.begin(), frame.begin() + 14), ethernet);
  EXPECT_EQ(frame[21], 255);  // hop limit
  EXPECT_EQ(Frame(frame.begin() + 22, frame.begin() + 38), test::octets("2001:db8::ab:cdef"));
  EXPECT_EQ(Frame(frame.begin() + 38, frame.begin() + 54), test::octets("ff02::1"));
  EXPECT_EQ(frame[54], 136);
  EXPECT_EQ(frame[58], 0x20);  // override; neither router nor solicited
  const Frame option{2, 1, 0, 0, 0x5e, 0, 1, 51};
  EXPECT_EQ(Frame(frame.end() - 8, frame.end()), option);
  EXPECT_TRUE(test::checksums_hold(frame));
}

TEST(VipFrames, QuestionsComeFromNobody) {
  const Frame arp = made(question, kVip4);
  EXPECT_EQ(Frame(arp.begin() + 28, arp.begin() + 32), Frame(4));
  EXPECT_EQ(Frame(arp.begin() + 38, arp.begin() + 42), test::octets("203.0.113.10"));
  const Frame solicitation = made(question, kVip6);
  EXPECT_EQ(Frame(solicitation.begin(), solicitation.begin() + 6),
            (Frame{0x33, 0x33, 0xff, 0xab, 0xcd, 0xef}));
  EXPECT_EQ(Frame(solicitation.begin() + 22, solicitation.begin() + 38), Frame(16));
  EXPECT_EQ(Frame(solicitation.begin() + 38, solicitation.begin() + 54),
            test::octets("ff02::1:ffab:cdef"));
  EXPECT_TRUE(test::checksums_hold(solicitation));
  EXPECT_FALSE(holder(arp));
  EXPECT_FALSE(holder(solicitation));
}

// What the data plane answers to a question is an answer to us.
TEST(VipFrames, QuestionsAreAnsweredByTheDataPlaneAndAnswersUnderstood) {
  const net::MacAddress port{{2, 0, 0, 0, 0, 9}};
  for (const auto& vip : {kVip4, kVip6}) {
    Frame frame = made(question, vip);
    net::ParsedPacket packet;
    ASSERT_FALSE(net::parse(frame.data(), static_cast<std::uint16_t>(frame.size()), packet));
    EXPECT_EQ(packet.destination, vip);
    frame.resize(std::max<std::size_t>(frame.size(), net::kAdvertisementLength));
    if (vip.is_v4()) {
      ASSERT_EQ(packet.kind, net::PacketKind::kArpRequest);
      net::arp_reply(frame.data(), port);
    } else {
      ASSERT_EQ(packet.kind, net::PacketKind::kNeighborSolicitation);
      frame.resize(net::neighbor_advertisement(frame.data(), packet, port));
    }
    EXPECT_EQ(holder(frame), (Holder{vip, port, 0}));
  }
}

TEST(VipFrames, AnnouncementsTellWhoHasIt) {
  for (const auto& vip : {kVip4, kVip6}) {
    for (const std::uint16_t vlan : std::initializer_list<std::uint16_t>{0, 100}) {
      EXPECT_EQ(holder(made(announcement, vip, vlan)), (Holder{vip, kVirtual, vlan}));
    }
  }
}

TEST(VipFrames, WhatIsNotWellFormedTellsNothing) {
  const auto changed = [](const net::IpAddress& vip, std::size_t at, std::uint8_t to) {
    Frame frame = made(announcement, vip);
    frame[at] = to;
    return holder(frame).has_value();
  };
  EXPECT_TRUE(changed(kVip4, 21, 2));      // a reply instead of a request
  EXPECT_FALSE(changed(kVip4, 15, 6));     // hardware
  EXPECT_FALSE(changed(kVip4, 17, 1));     // protocol
  EXPECT_FALSE(changed(kVip4, 18, 8));     // lengths
  EXPECT_FALSE(changed(kVip4, 28, 224));   // a group as the sender
  EXPECT_FALSE(changed(kVip4, 22, 1));     // a group's MAC
  EXPECT_FALSE(changed(kVip6, 21, 254));   // came through a router
  EXPECT_FALSE(changed(kVip6, 56, 0));     // checksum
  EXPECT_FALSE(changed(kVip6, 79, 0));     // an option without length
  EXPECT_FALSE(changed(kVip6, 79, 2));     // an option that ends outside
  EXPECT_FALSE(changed(kVip6, 58, 0x60));  // solicited, to a group
  for (const auto& vip : {kVip4, kVip6}) {
    const Frame whole = made(announcement, vip);
    for (std::size_t length = 0; length < (vip.is_v4() ? 42 : whole.size()); ++length) {
      EXPECT_FALSE(holder({whole.data(), length})) << length;
    }
  }
}

TEST(VipFrames, NothingIsMadeWhereThereIsNoRoom) {
  Frame small(kVipFrameMost - 1);
  EXPECT_EQ(announcement({kVirtual, 0}, kVip4, small), 0U);
  EXPECT_EQ(question({kVirtual, 0}, kVip6, small), 0U);
  EXPECT_EQ(pair_frame({kVirtual, 0}, PairFrameKind::kClaim, {}, {small.data(), 59}), 0U);
  const Frame payload(100);
  EXPECT_EQ(pair_frame({kVirtual, 0}, PairFrameKind::kSealed, payload, {small.data(), 90}), 0U);
}

TEST(PairFrames, ComeBackAsTheyWere) {
  for (const std::uint16_t vlan : std::initializer_list<std::uint16_t>{0, 4094}) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{1400}}) {
      const Frame payload(length, 7);
      Frame frame(1500);
      frame.resize(pair_frame({kVirtual, vlan}, PairFrameKind::kSealed, payload, frame));
      ASSERT_GE(frame.size(), 60U);
      const auto read = parse_pair_frame(frame);
      ASSERT_TRUE(read);
      EXPECT_EQ(Frame(read->payload.begin(), read->payload.end()), payload);
      EXPECT_EQ(read->link.vlan, vlan);
      EXPECT_EQ(read->link.source, kVirtual);
      if (length < 100) continue;
      for (std::size_t less = 0; less < frame.size(); ++less) {
        EXPECT_FALSE(parse_pair_frame({frame.data(), less}));
      }
    }
  }
}

TEST(PairFrames, OfOthersAreNotOurs) {
  Frame claim(60);
  ASSERT_EQ(pair_frame({kVirtual, 0}, PairFrameKind::kClaim, {}, claim), 60U);
  EXPECT_EQ(parse_pair_frame(claim)->kind, PairFrameKind::kClaim);
  for (const std::size_t at : {12U, 13U, 14U, 17U, 18U, 19U, 20U}) {
    Frame changed = claim;
    changed[at] ^= 0x40;
    EXPECT_FALSE(parse_pair_frame(changed)) << at;
  }
}

}  // namespace
}  // namespace yoke::pair
