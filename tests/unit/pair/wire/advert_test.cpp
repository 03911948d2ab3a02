// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/advert.h"

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/support/packets.h"

namespace yoke::pair {
namespace {

using Frame = std::vector<std::uint8_t>;

net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }

Frame made(const Advert& advert, std::uint16_t vlan = 0, std::size_t room = 9014) {
  Frame frame(room);
  frame.resize(encode(advert, vlan, frame));
  return frame;
}

const std::vector<net::IpAddress> kVips4{ip("10.9.0.100"), ip("10.9.0.101"), ip("10.9.0.102")};
const std::vector<net::IpAddress> kVips6{ip("fe80::1:1"), ip("2001:db8::100")};

Advert advert4() { return {ip("10.9.0.2"), 51, 200, 10, kVips4, AdvertSum::kWithPseudoHeader}; }
Advert advert6() { return {ip("fe80::2"), 52, 150, 100, kVips6, AdvertSum::kWithPseudoHeader}; }

// RFC 1071, once more: 16-bit words, carries added at the end.
std::uint16_t sum_of(const Frame& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Frame joined(std::initializer_list<Frame> parts) {
  Frame all;
  for (const Frame& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// RFC 9568 sections 5.1, 5.2 and 7.2, octet by octet.
TEST(Advert, LiesOnTheWireAsTheRfcHasItForIpv4) {
  Frame message{0x31, 51, 200, 3, 0, 10, 0, 0, 10, 9, 0, 100, 10, 9, 0, 101, 10, 9, 0, 102};
  const Frame addresses{10, 9, 0, 2, 224, 0, 0, 18};
  const std::uint16_t sum = sum_of(joined({addresses, {0, 112, 0, 20}, message}));
  message[6] = static_cast<std::uint8_t>(sum >> 8);
  message[7] = static_cast<std::uint8_t>(sum & 0xff);
  Frame ip_header{0x45, 0xc0, 0, 40, 0, 0, 0x40, 0, 255, 112, 0, 0};
  const std::uint16_t ip_sum = sum_of(joined({ip_header, addresses}));
  ip_header[10] = static_cast<std::uint8_t>(ip_sum >> 8);
  ip_header[11] = static_cast<std::uint8_t>(ip_sum & 0xff);
  const Frame ethernet{0x01, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 1, 51, 8, 0};
  EXPECT_EQ(made(advert4()), joined({ethernet, ip_header, addresses, message, Frame(6)}));
  EXPECT_TRUE(test::checksums_hold(made(advert4())));
}

TEST(Advert, LiesOnTheWireAsTheRfcHasItForIpv6) {
  Frame message{0x31, 52, 150, 2, 0, 100, 0, 0};
  for (const char* address : {"fe80::1:1", "2001:db8::100"}) {
    const Frame octets = test::octets(address);
    message.insert(message.end(), octets.begin(), octets.end());
  }
  const Frame addresses = joined({test::octets("fe80::2"), test::octets("ff02::12")});
  const std::uint16_t sum = sum_of(joined({addresses, {0, 0, 0, 40, 0, 0, 0, 112}, message}));
  message[6] = static_cast<std::uint8_t>(sum >> 8);
  message[7] = static_cast<std::uint8_t>(sum & 0xff);
  const Frame headers{0x33, 0x33, 0,    0,    0,    0x12, 0, 0, 0x5e, 0,   2,
                      52,   0x86, 0xdd, 0x6c, 0x00, 0,    0, 0, 40,   112, 255};
  EXPECT_EQ(made(advert6()), joined({headers, addresses, message}));
}

TEST(Advert, ComesBackAsItWas) {
  for (const AdvertSum sum : {AdvertSum::kWithPseudoHeader, AdvertSum::kMessage}) {
    for (const std::uint16_t vlan : std::initializer_list<std::uint16_t>{0, 7, 4094}) {
      Advert sent = advert4();
      sent.sum = sum;
      const Frame frame = made(sent, vlan);
      const auto heard = parse_advert(frame);
      ASSERT_TRUE(heard) << to_string(heard.error());
      EXPECT_EQ(heard->mac.to_string(), "00:00:5e:00:01:33");
      EXPECT_EQ(heard->vlan, vlan);
      EXPECT_EQ(heard->source, sent.source);
      EXPECT_EQ(heard->vrid, 51);
      EXPECT_EQ(heard->priority, 200);
      EXPECT_EQ(heard->interval, 10);
      EXPECT_EQ(heard->sum, sum);
      ASSERT_EQ(heard->address_count, 3U);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(heard->address(i), kVips4[i]);
    }
  }
  const Frame frame = made(advert6(), 12);
  const auto heard = parse_advert(frame);
  ASSERT_TRUE(heard) << to_string(heard.error());
  EXPECT_EQ(heard->mac.to_string(), "00:00:5e:00:02:34");
  EXPECT_EQ(heard->address(1), kVips6[1]);
}

TEST(Advert, CarriesAsManyAddressesAsTheFieldCounts) {
  std::vector<net::IpAddress> many;
  for (int i = 0; i < 256; ++i) {
    many.push_back(net::IpAddress::v4(10, 1, 0, static_cast<std::uint8_t>(i)));
  }
  Advert advert = advert4();
  advert.addresses = {many.data(), 255};
  const Frame frame = made(advert, 0, 1514);
  const auto heard = parse_advert(frame);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->address_count, 255U);
  EXPECT_EQ(heard->address(254), many[254]);
  advert.addresses = many;
  EXPECT_TRUE(made(advert).empty());
  // 90 of IPv6 in 1,500 octets.
  std::vector<net::IpAddress> many6(91, ip("fe80::1"));
  Advert six = advert6();
  six.addresses = {many6.data(), 90};
  EXPECT_EQ(parse_advert(made(six, 0, 1514))->address_count, 90U);
  six.addresses = many6;
  EXPECT_TRUE(made(six, 0, 1514).empty());
}

TEST(Advert, IsNotMadeOfWhatTheRfcDoesNotKnow) {
  const auto wrong = [](const std::function<void(Advert&)>& change) {
    Advert advert = advert4();
    change(advert);
    return made(advert).empty();
  };
  EXPECT_FALSE(wrong([](Advert&) {}));
  EXPECT_FALSE(wrong([](Advert& a) { a.priority = kPriorityResigned; }));
  EXPECT_TRUE(wrong([](Advert& a) { a.vrid = 0; }));
  EXPECT_TRUE(wrong([](Advert& a) { a.interval = 0; }));
  EXPECT_TRUE(wrong([](Advert& a) { a.interval = 4096; }));
  EXPECT_TRUE(wrong([](Advert& a) { a.addresses = {}; }));
  EXPECT_TRUE(wrong([](Advert& a) { a.addresses = kVips6; }));
  EXPECT_TRUE(made(advert4(), 0, 59).empty());
}

// Each frame is right but for one thing; sums are made to hold again where they come first.
struct Wrong {
  const char* what;
  bool is_v4;
  std::function<void(Frame&)> change;
  AdvertRefusal reason;
};

void mend_ip(Frame& frame) {
  frame[24] = frame[25] = 0;
  const std::uint16_t sum = sum_of(Frame(frame.begin() + 14, frame.begin() + 34));
  frame[24] = static_cast<std::uint8_t>(sum >> 8);
  frame[25] = static_cast<std::uint8_t>(sum & 0xff);
}
void mend_message(Frame& frame) {
  frame[40] = frame[41] = 0;
  const std::uint16_t sum = sum_of(Frame(frame.begin() + 34, frame.begin() + 54));
  frame[40] = static_cast<std::uint8_t>(sum >> 8);
  frame[41] = static_cast<std::uint8_t>(sum & 0xff);
}
std::function<void(Frame&)> ip_octet(std::size_t at, std::uint8_t value) {
  return [=](Frame& frame) {
    frame[at] = value;
    mend_ip(frame);
  };
}
std::function<void(Frame&)> message_octet(std::size_t at, std::uint8_t value) {
  return [=](Frame& frame) {
    frame[34 + at] = value;
    mend_message(frame);
  };
}
std::function<void(Frame&)> octet(std::size_t at, std::uint8_t value) {
  return [=](Frame& frame) { frame[at] = value; };
}

const std::vector<Wrong> kWrongs{
    {"another EtherType", true, octet(13, 6), AdvertRefusal::kNotVrrp},
    {"an EtherType of the other family", true, octet(12, 0x86), AdvertRefusal::kNotVrrp},
    {"TCP", true, ip_octet(23, 6), AdvertRefusal::kNotVrrp},
    {"TCP over IPv6", false, octet(20, 6), AdvertRefusal::kNotVrrp},
    {"IP version 5", true, ip_octet(14, 0x55), AdvertRefusal::kBadIpHeader},
    {"IP version 5 as IPv6", false, octet(14, 0x5c), AdvertRefusal::kBadIpHeader},
    {"an IP header of 4 words", true, ip_octet(14, 0x44), AdvertRefusal::kBadIpHeader},
    {"an IP header longer than the packet", true, ip_octet(17, 19), AdvertRefusal::kBadIpHeader},
    {"a damaged IP header", true, octet(15, 0), AdvertRefusal::kBadIpHeader},
    {"a first fragment", true, ip_octet(20, 0x20), AdvertRefusal::kBadIpHeader},
    {"a later fragment", true, ip_octet(21, 1), AdvertRefusal::kBadIpHeader},
    {"more length than octets", true, ip_octet(17, 200), AdvertRefusal::kTruncated},
    {"more length than octets, IPv6", false, octet(19, 200), AdvertRefusal::kTruncated},
    {"a TTL of 254", true, ip_octet(22, 254), AdvertRefusal::kBadTtl},
    {"a hop limit of 254", false, octet(21, 254), AdvertRefusal::kBadTtl},
    {"a unicast destination", true, ip_octet(30, 10), AdvertRefusal::kBadDestination},
    {"another group", false, octet(53, 0x13), AdvertRefusal::kBadDestination},
    {"a multicast source", true, ip_octet(26, 224), AdvertRefusal::kBadSource},
    {"a loopback source", true, ip_octet(26, 127), AdvertRefusal::kBadSource},
    {"a global source", false, octet(22, 0x20), AdvertRefusal::kBadSource},
    {"VRRP 2", true, message_octet(0, 0x21), AdvertRefusal::kOldVersion},
    {"VRRP 4", true, message_octet(0, 0x41), AdvertRefusal::kBadVersion},
    {"type 2", true, message_octet(0, 0x32), AdvertRefusal::kBadType},
    {"VRID 0", true, message_octet(1, 0), AdvertRefusal::kBadVrid},
    {"no address", true, message_octet(3, 0), AdvertRefusal::kBadLength},
    {"fewer addresses than octets", true, message_octet(3, 2), AdvertRefusal::kBadLength},
    {"more addresses than octets", true, message_octet(3, 4), AdvertRefusal::kBadLength},
    {"interval 0", true, message_octet(5, 0), AdvertRefusal::kBadInterval},
    {"a changed priority", true, octet(36, 201), AdvertRefusal::kBadChecksum},
    {"a changed address", false, octet(70, 1), AdvertRefusal::kBadChecksum},
    {"a message of 7 octets", true, ip_octet(17, 27), AdvertRefusal::kTruncated},
};

TEST(Advert, IsRefusedForItsReason) {
  AdvertRefusals counted;
  for (const Wrong& wrong : kWrongs) {
    Frame frame = made(wrong.is_v4 ? advert4() : advert6());
    wrong.change(frame);
    const auto heard = parse_advert(frame);
    ASSERT_FALSE(heard) << wrong.what;
    EXPECT_EQ(to_string(heard.error()), to_string(wrong.reason)) << wrong.what;
    counted.count(heard.error());
  }
  EXPECT_EQ(counted.all(), kWrongs.size());
  for (std::size_t i = 0; i < kAdvertRefusals; ++i) {
    EXPECT_GT(counted.of(static_cast<AdvertRefusal>(i)), 0U)
        << to_string(static_cast<AdvertRefusal>(i));
  }
}

// A checksum over the message alone is another reading of the RFCs for IPv4, for IPv6 it is wrong.
TEST(Advert, OfIpv6IsNotTakenWithoutItsPseudoHeader) {
  Frame frame = made(advert6());
  frame[60] = frame[61] = 0;
  const std::uint16_t sum = sum_of(Frame(frame.begin() + 54, frame.end()));
  frame[60] = static_cast<std::uint8_t>(sum >> 8);
  frame[61] = static_cast<std::uint8_t>(sum & 0xff);
  EXPECT_EQ(parse_advert(frame).error(), AdvertRefusal::kBadChecksum);
}

TEST(Advert, WithIpOptionsIsTaken) {
  Frame frame = made(advert4());
  frame.resize(54);
  frame.insert(frame.begin() + 34, {1, 1, 1, 0});
  frame[14] = 0x46;
  frame[17] = 44;
  frame[24] = frame[25] = 0;
  const std::uint16_t sum = sum_of(Frame(frame.begin() + 14, frame.begin() + 38));
  frame[24] = static_cast<std::uint8_t>(sum >> 8);
  frame[25] = static_cast<std::uint8_t>(sum & 0xff);
  EXPECT_TRUE(parse_advert(frame));
}

TEST(Advert, IsRefusedAtEveryTruncation) {
  for (const Frame& whole : {made(advert4(), 3), made(advert6())}) {
    const std::size_t end = parse_advert(whole)->source.is_v4() ? 58 : whole.size();
    for (std::size_t length = 0; length < end; ++length) {
      const Frame cut(whole.begin(), whole.begin() + static_cast<long>(length));
      EXPECT_FALSE(parse_advert(cut)) << length;
    }
  }
}

}  // namespace
}  // namespace yoke::pair
