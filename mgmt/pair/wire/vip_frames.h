// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/net/address.h"
#include "mgmt/pair/wire/ethernet.h"

// Frames by which a unit takes a VIP, asks for one, and learns who has one. Threads: pure.
//
// Each maker writes a whole frame from `link` (its source MAC is where the VIP is to be: the
// group's virtual MAC or the port's) and returns its octets, or 0 where `frame` has fewer than
// kVipFrameMost.
namespace yoke::pair {

inline constexpr std::size_t kVipFrameMost = 14 + 4 + 40 + 24 + 8;

// "It is here": a gratuitous ARP (an ARP request for itself, as RFC 5227 section 2.3 announces,
// which RFC 826 has every cache take over) or an unsolicited neighbour advertisement with the
// override flag (RFC 4861 section 7.2.6), by the VIP's family.
[[nodiscard]] std::size_t announcement(const Link& link, const net::IpAddress& vip,
                                       std::span<std::uint8_t> frame) noexcept;
// "Is it anywhere?", from nobody, so that no cache changes: an ARP probe (RFC 5227 section 2.1.1)
// or a solicitation as for duplicate detection (RFC 4862 section 5.4.2).
[[nodiscard]] std::size_t question(const Link& link, const net::IpAddress& vip,
                                   std::span<std::uint8_t> frame) noexcept;

// A frame that says where an address is: an ARP packet with a sender, a neighbour advertisement
// that RFC 4861 section 7.1.2 finds valid.
struct Holder {
  net::IpAddress address;
  net::MacAddress mac;
  std::uint16_t vlan = 0;
  friend bool operator==(const Holder&, const Holder&) = default;
};
// Nothing where the frame says no such thing, or is not well-formed.
[[nodiscard]] std::optional<Holder> holder(Bytes frame) noexcept;

// Frames of our own EtherType on a VIP's VLAN, by broadcast.
enum class PairFrameKind : std::uint8_t {
  kSealed = 1,  // carries a sealed frame
  kClaim = 2,   // is there for its source MAC alone: switches learn where that is now
};
// IEEE 802 local experimental 1: what no manufacturer has, for want of a type registered for this.
inline constexpr std::uint16_t kPairEtherType = 0x88b5;
inline constexpr std::size_t kPairFrameOverhead = 14 + 4 + 8;

// 0 where `frame` is shorter than kFrameLeast or than kPairFrameOverhead and the payload.
[[nodiscard]] std::size_t pair_frame(const Link& link, PairFrameKind kind, Bytes payload,
                                     std::span<std::uint8_t> frame) noexcept;

struct PairFrame {
  PairFrameKind kind = PairFrameKind::kSealed;
  Link link;  // whence it came
  Bytes payload;
};
// Nothing where it is none, of a kind that another release has, or shorter than it says.
[[nodiscard]] std::optional<PairFrame> parse_pair_frame(Bytes frame) noexcept;

}  // namespace yoke::pair
