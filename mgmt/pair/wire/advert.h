// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "dataplane/net/address.h"
#include "mgmt/pair/wire/ethernet.h"
#include "mgmt/pair/wire/tally.h"

// VRRP version 3 advertisements (RFC 9568 sections 5 and 7) as whole frames, of both families.
// Threads: pure.
namespace yoke::pair {

// What an IPv4 advert's checksum covers. RFC 9568 section 5.2.8 says the message; keepalived and
// others read RFC 5798 so that a pseudo-header goes before it, as it does for IPv6. A stock
// keepalived 2.2 takes nothing but the latter; it is what adverts are sent with unless told.
enum class AdvertSum : std::uint8_t { kWithPseudoHeader, kMessage };

inline constexpr std::uint8_t kPriorityResigned = 0, kPriorityOwner = 255;
inline constexpr std::size_t kAdvertAddressesMost = 255;

struct Advert {
  net::IpAddress source;  // of the interface; link-local for IPv6
  std::uint8_t vrid = 0;  // 1-255
  std::uint8_t priority = 100;
  std::uint16_t interval = 100;  // centiseconds, 1-4095
  // Of one family; the first of IPv6 is to be link-local (section 5.2.9).
  std::span<const net::IpAddress> addresses;
  AdvertSum sum = AdvertSum::kWithPseudoHeader;
};

// From the group's virtual MAC on `vlan`. Octets of `frame` that hold it; 0 where they are too few
// or it is none that RFC 9568 knows.
[[nodiscard]] std::size_t encode(const Advert& advert, std::uint16_t vlan,
                                 std::span<std::uint8_t> frame) noexcept;

enum class AdvertRefusal : std::uint8_t {
  kNotVrrp,         // another protocol's frame
  kTruncated,       // shorter than its headers say
  kBadIpHeader,     // of another version, damaged, or a fragment
  kBadTtl,          // not 255: came through a router
  kBadDestination,  // not to the group of all VRRP routers
  kBadSource,       // an address that no interface has
  kOldVersion,      // VRRP 2
  kBadVersion,      // neither 2 nor 3
  kBadType,         // not an advertisement
  kBadVrid,         // 0
  kBadInterval,     // 0
  kBadLength,       // not as long as its addresses are many; or it has none
  kBadChecksum,
};
inline constexpr std::size_t kAdvertRefusals = 13;
[[nodiscard]] std::string_view to_string(AdvertRefusal reason) noexcept;
using AdvertRefusals = Tally<AdvertRefusal, kAdvertRefusals>;

// One that somebody has sent; it points into the frame.
struct HeardAdvert {
  net::MacAddress mac;  // the frame's source
  std::uint16_t vlan = 0;
  net::IpAddress source;
  std::uint8_t vrid = 0;
  std::uint8_t priority = 0;
  std::uint16_t interval = 0;  // centiseconds
  AdvertSum sum = AdvertSum::kWithPseudoHeader;
  std::size_t address_count = 0;
  const std::uint8_t* addresses = nullptr;  // as they lie on the wire

  [[nodiscard]] net::IpAddress address(std::size_t i) const noexcept {
    return source.is_v4() ? net::IpAddress::load_v4(addresses + i * 4)
                          : net::IpAddress::load_v6(addresses + i * 16);
  }
};
[[nodiscard]] tl::expected<HeardAdvert, AdvertRefusal> parse_advert(Bytes frame) noexcept;

}  // namespace yoke::pair
