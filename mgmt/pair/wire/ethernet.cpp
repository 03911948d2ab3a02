// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/ethernet.h"

#include <cstring>

namespace yoke::pair {
namespace {

constexpr std::uint16_t kVlanType = 0x8100, kVlanMask = 0x0fff;
// Network control (IEEE 802.1Q annex I): what a takeover hangs on goes before what fills a link.
constexpr std::uint16_t kPriority = 6 << 13;

// IEEE 802.1Q, after the addresses.
struct VlanTag {
  net::Be16 type, control;
};
static_assert(sizeof(VlanTag) == 4);

}  // namespace

net::MacAddress virtual_mac(std::uint8_t vrid, bool is_v4) noexcept {
  return {{0x00, 0x00, 0x5e, 0x00, static_cast<std::uint8_t>(is_v4 ? 1 : 2), vrid}};
}

net::MacAddress group_mac(const net::IpAddress& multicast) noexcept {
  const auto& octets = multicast.octets();
  return {{0x33, 0x33, octets[12], octets[13], octets[14], octets[15]}};
}

std::size_t header_size(const Link& link) noexcept {
  return sizeof(net::EthernetHeader) + (link.vlan == 0 ? 0 : sizeof(VlanTag));
}

void put_header(std::uint8_t* frame, const Link& link, const net::MacAddress& destination,
                std::uint16_t type) noexcept {
  const auto inner = net::Be16::from_host(type);
  if (link.vlan == 0) {
    net::store(frame, net::EthernetHeader{destination, link.source, inner});
    return;
  }
  const auto control = static_cast<std::uint16_t>(kPriority | (link.vlan & kVlanMask));
  net::store(frame, net::EthernetHeader{destination, link.source, net::Be16::from_host(kVlanType)});
  // The tag's type stands where the frame's own was.
  net::store(frame + 12, VlanTag{net::Be16::from_host(kVlanType), net::Be16::from_host(control)});
  net::store(frame + 16, inner);
}

std::size_t padded(std::uint8_t* frame, std::size_t size) noexcept {
  if (size >= kFrameLeast) return size;
  std::memset(frame + size, 0, kFrameLeast - size);
  return kFrameLeast;
}

std::optional<EthernetFrame> read_ethernet(Bytes frame) noexcept {
  if (frame.size() < sizeof(net::EthernetHeader)) return std::nullopt;
  const auto header = net::load<net::EthernetHeader>(frame.data());
  EthernetFrame read{header.destination, header.source, 0, header.type.host(),
                     frame.subspan(sizeof header)};
  if (read.type == kVlanType) {
    if (read.payload.size() < sizeof(VlanTag)) return std::nullopt;
    // Behind the tag's type come its control and the frame's own type.
    read.vlan =
        static_cast<std::uint16_t>(net::load<net::Be16>(read.payload.data()).host() & kVlanMask);
    read.type = net::load<net::Be16>(read.payload.data() + 2).host();
    read.payload = read.payload.subspan(sizeof(VlanTag));
  }
  return read;
}

}  // namespace yoke::pair
