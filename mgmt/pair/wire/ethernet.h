// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/net/address.h"
#include "dataplane/net/headers.h"
#include "mgmt/pair/wire/tlv.h"

// Ethernet frames with or without a VLAN tag. Threads: pure.
namespace yoke::pair {

inline constexpr std::size_t kFrameLeast = 60;  // without its checksum: shorter ones are padded
inline constexpr net::MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// From where a frame is sent.
struct Link {
  net::MacAddress source;
  std::uint16_t vlan = 0;  // 0: untagged
};

// Which MAC a virtual router has (RFC 9568 section 7.3), in the family of its addresses.
[[nodiscard]] net::MacAddress virtual_mac(std::uint8_t vrid, bool is_v4) noexcept;

// The group MAC that an IPv6 multicast address goes to (RFC 2464 section 7).
[[nodiscard]] net::MacAddress group_mac(const net::IpAddress& multicast) noexcept;

// Octets of the header that put_header() writes; the payload goes behind.
[[nodiscard]] std::size_t header_size(const Link& link) noexcept;
void put_header(std::uint8_t* frame, const Link& link, const net::MacAddress& destination,
                std::uint16_t type) noexcept;
// Ends one of `size` octets, for which kFrameLeast must be there: its size with padding.
[[nodiscard]] std::size_t padded(std::uint8_t* frame, std::size_t size) noexcept;

struct EthernetFrame {
  net::MacAddress destination, source;
  std::uint16_t vlan = 0;
  std::uint16_t type = 0;
  Bytes payload;  // with padding
};
// Nothing where it is too short. One tag is read, as `put_header` writes it.
[[nodiscard]] std::optional<EthernetFrame> read_ethernet(Bytes frame) noexcept;

}  // namespace yoke::pair
