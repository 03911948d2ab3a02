// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/leave.h"

#include "dataplane/net/headers.h"

namespace yoke::lb {
namespace {

using net::EtherType;
using net::IpAddress;

constexpr unsigned kTagsMost = 2;
constexpr std::uint16_t kTagBytes = 4;
constexpr std::uint8_t kIcmpV6 = 58;

// What is left of a frame behind what was looked at.
struct Rest {
  const std::uint8_t* data;
  std::uint16_t length;
  template <typename Header>
  [[nodiscard]] bool has(std::uint16_t at = 0) const noexcept {
    return length >= at + sizeof(Header);
  }
  template <typename Header>
  [[nodiscard]] Header load(std::uint16_t at = 0) const noexcept {
    return net::load<Header>(data + at);
  }
};

bool is_tag(std::uint16_t type) noexcept { return type == 0x8100 || type == 0x88a8; }

// 00-00-5E-00-01-xx speaks for IPv4, 00-00-5E-00-02-xx for IPv6.
bool is_virtual_router(const net::MacAddress& mac) noexcept {
  const auto& at = mac.octets;
  return at[0] == 0x00 && at[1] == 0x00 && at[2] == 0x5e && at[3] == 0x00 &&
         (at[4] == 0x01 || at[4] == 0x02);
}

class Judge {
 public:
  Judge(const Snapshot& snapshot, GroupSet served) noexcept
      : snapshot_(snapshot), served_(served) {}

  [[nodiscard]] bool lets(const IpAddress& address) const noexcept {
    const std::uint8_t* group = snapshot_.local_addresses.group_of(address);
    return group == nullptr || (served_ & group_bit(*group)) != 0;
  }
  [[nodiscard]] bool lets(const net::MacAddress& source) const noexcept {
    return !is_virtual_router(source) || (served_ & ~snapshot_.standing) != 0;
  }
  [[nodiscard]] bool lets_arp(const Rest& rest) const noexcept {
    if (!rest.has<net::ArpPacket>()) return true;
    const auto arp = rest.load<net::ArpPacket>();
    if (arp.protocol.host() != 0x0800 || arp.protocol_length != 4) return true;
    return lets(IpAddress::load_v4(arp.sender.data())) && lets(arp.sender_mac);
  }
  [[nodiscard]] bool lets_ipv4(const Rest& rest) const noexcept {
    if (!rest.has<net::Ipv4Header>()) return true;
    return lets(IpAddress::load_v4(rest.load<net::Ipv4Header>().source.data()));
  }
  [[nodiscard]] bool lets_ipv6(const Rest& rest) const noexcept {
    if (!rest.has<net::Ipv6Header>()) return true;
    const auto ip = rest.load<net::Ipv6Header>();
    if (!lets(IpAddress::load_v6(ip.source.data()))) return false;
    constexpr std::uint16_t kBehind = sizeof(net::Ipv6Header);
    if (ip.next_header != kIcmpV6 || !rest.has<net::NeighborMessage>(kBehind)) return true;
    const auto message = rest.load<net::NeighborMessage>(kBehind);
    return message.type != net::icmp6::kNeighborAdvertisement ||
           lets(IpAddress::load_v6(message.target.data()));
  }

 private:
  const Snapshot& snapshot_;
  GroupSet served_;
};

}  // namespace

bool may_leave(const std::uint8_t* data, std::uint16_t length, const Snapshot& snapshot,
               GroupSet served) noexcept {
  if (snapshot.held.empty() || length < sizeof(net::EthernetHeader)) return true;
  const auto ethernet = net::load<net::EthernetHeader>(data);
  const Judge judge(snapshot, served);
  if (!judge.lets(ethernet.source)) return false;
  std::uint16_t type = ethernet.type.host();
  Rest rest{data + sizeof ethernet, static_cast<std::uint16_t>(length - sizeof ethernet)};
  for (unsigned tags = 0; is_tag(type) && tags < kTagsMost && rest.length >= kTagBytes; ++tags) {
    type = rest.load<net::Be16>(2).host();
    rest = {rest.data + kTagBytes, static_cast<std::uint16_t>(rest.length - kTagBytes)};
  }
  switch (static_cast<EtherType>(type)) {
    case EtherType::kArp:
      return judge.lets_arp(rest);
    case EtherType::kIpv4:
      return judge.lets_ipv4(rest);
    case EtherType::kIpv6:
      return judge.lets_ipv6(rest);
  }
  return true;
}

}  // namespace yoke::lb
