// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/leave.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

constexpr std::uint8_t kBlue = 1, kRed = 2;
constexpr GroupSet kStanding = group_bit(0);

// Of the rig's VIPs those in nat are of the group blue, which is held, as red is; the others stand.
class Leaving : public ::testing::Test {
 protected:
  Leaving() {
    for (Service& service : rig_.snapshot_.services) {
      if (service.method == Method::kNat) service.group = kBlue;
    }
    rig_.rebuild();
    rig_.snapshot_.standing = kStanding;
    rig_.snapshot_.held = {{kBlue, 0, 1}, {kRed, 1, 2}};
  }
  [[nodiscard]] bool may(const test::Frame& frame, GroupSet served) const {
    return may_leave(frame.data(), static_cast<std::uint16_t>(frame.size()), rig_.snapshot_,
                     served);
  }
  // Under the lease alone, and where nothing is held.
  void expect_leased(const test::Frame& frame) {
    EXPECT_FALSE(may(frame, kStanding));
    EXPECT_TRUE(may(frame, kStanding | group_bit(kBlue)));
    const auto held = std::exchange(rig_.snapshot_.held, {});
    EXPECT_TRUE(may(frame, kStanding));
    rig_.snapshot_.held = held;
  }
  static test::PacketSpec from(const std::string& address) {
    test::PacketSpec spec;
    spec.source = address;
    spec.destination = ip(address).is_v4() ? "198.51.100.7" : "2001:db8::7";
    return spec;
  }
  // With a VLAN tag more.
  static test::Frame tagged(test::Frame frame, std::uint8_t type) {
    const test::Frame tag{static_cast<std::uint8_t>(type == 0xa8 ? 0x88 : 0x81), type, 0, 7};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    return frame;
  }
  static test::Frame advertisement(const std::string& from_address, const std::string& target) {
    auto spec = from(from_address);
    spec.destination = target;
    auto frame = test::make_neighbor_solicitation(spec);
    frame[14 + 40] = 136;
    return frame;
  }

  Rig rig_;
};

TEST_F(Leaving, WhatSpeaksForAHeldAddressLeavesUnderItsLeaseAlone) {
  for (const char* vip : {kNatV4, kNatV6}) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      auto spec = from(vip);
      spec.protocol = protocol;
      expect_leased(test::make_packet(spec));
      expect_leased(tagged(test::make_packet(spec), 0x00));
      expect_leased(tagged(tagged(test::make_packet(spec), 0x00), 0xa8));
    }
    expect_leased(test::make_echo_request(from(vip)));
  }
  EXPECT_FALSE(may(test::make_packet(from(kNatV4)), kStanding | group_bit(kRed)));
}

TEST_F(Leaving, SoDoesWhatTellsNeighboursOfIt) {
  auto gratuitous = from(kNatV4);
  gratuitous.destination = kNatV4;
  expect_leased(test::make_arp_request(gratuitous));
  auto reply = test::make_arp_request(from(kNatV4));
  reply[21] = 2;
  expect_leased(reply);
  expect_leased(advertisement("fe80::1", kNatV6));
}

TEST_F(Leaving, WhatIsTheUnitsOwnLeavesAlways) {
  for (const char* own : {"192.0.2.1", "2001:db8::1", kDsrV4, kDsrV6}) {
    EXPECT_TRUE(may(test::make_packet(from(own)), kStanding)) << own;
  }
  auto question = from("192.0.2.1");
  question.destination = kNatV4;
  EXPECT_TRUE(may(test::make_arp_request(question), kStanding)) << "it asks who has it";
  EXPECT_TRUE(may(test::make_neighbor_solicitation(from("2001:db8::1")), kStanding));
  EXPECT_TRUE(may(advertisement("fe80::1", "2001:db8::1"), kStanding));
}

// VRRP advertisements come from the unit's own address.
TEST_F(Leaving, FromAVirtualRoutersMacNothingLeavesWithoutAnyLease) {
  for (const char* virtual_mac : {"00:00:5e:00:01:07", "00:00:5e:00:02:07"}) {
    auto spec = from("192.0.2.1");
    spec.from_mac = virtual_mac;
    expect_leased(test::make_packet(spec));
    auto arp = test::make_arp_request(spec);
    expect_leased(arp);
    arp[6] = 2;  // by its own MAC it says that the virtual one has the address
    expect_leased(arp);
  }
  auto other = from("192.0.2.1");
  other.from_mac = "00:00:5e:00:03:07";
  EXPECT_TRUE(may(test::make_packet(other), kStanding));
}

TEST_F(Leaving, NoFrameIsReadBeyondItsEnd) {
  auto gratuitous = from(kNatV4);
  gratuitous.destination = kNatV4;
  for (const auto& whole : {test::make_arp_request(gratuitous), test::make_packet(from(kNatV4)),
                            test::make_packet(from(kNatV6)), advertisement("fe80::1", kNatV6),
                            tagged(tagged(test::make_packet(from(kNatV6)), 0x00), 0x00)}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const test::Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      (void)may(cut, kStanding);
    }
  }
}

}  // namespace
}  // namespace yoke::lb
