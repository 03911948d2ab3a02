// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// The Internet checksum (RFC 1071), whole and by difference (RFC 1624). Sums are held unfolded and
// in wire order: a one's-complement sum does not care which octet of a pair comes first, as long as
// all agree (RFC 1071 section 2 B). Threads: pure.
namespace yoke::net {

// A one's-complement sum that has not been folded to 16 bits yet.
class PartialSum {
 public:
  constexpr PartialSum() = default;

  PartialSum& add(std::span<const std::uint8_t> bytes) noexcept;
  constexpr PartialSum& add(Be16 word) noexcept {
    sum_ += word.raw();
    return *this;
  }
  // An address as its header carries it: the zero words in front of a mapped one add nothing, and
  // its ffff word is left out.
  PartialSum& add(const IpAddress& address) noexcept { return add_words(address, 0); }
  PartialSum& subtract(const IpAddress& address) noexcept { return add_words(address, ~0U); }
  constexpr PartialSum& subtract(Be16 word) noexcept {
    sum_ += static_cast<std::uint16_t>(~word.raw());
    return *this;
  }
  [[nodiscard]] constexpr std::uint16_t folded() const noexcept {
    std::uint64_t s = sum_;
    s = (s & 0xffffffffU) + (s >> 32);
    s = (s & 0xffffU) + (s >> 16);
    s = (s & 0xffffU) + (s >> 16);
    s = (s & 0xffffU) + (s >> 16);
    return static_cast<std::uint16_t>(s);
  }
  // What a header's checksum field holds for this sum.
  [[nodiscard]] constexpr Be16 checksum() const noexcept {
    return Be16::from_raw(static_cast<std::uint16_t>(~folded()));
  }

 private:
  // Two 16-bit words at a time: they are folded into one later. Their complement is their negative
  // here (RFC 1071 section 1), so `mask` of ones subtracts.
  PartialSum& add_words(const IpAddress& address, std::uint32_t mask) noexcept {
    const std::uint8_t* const octets = address.octets().data();
    for (std::size_t at = address.is_v4() ? 12 : 0; at < 16; at += 4) {
      std::uint32_t words = 0;
      std::memcpy(&words, octets + at, sizeof words);
      sum_ += words ^ mask;
    }
    return *this;
  }
  std::uint64_t sum_ = 0;
};

// The checksum field after the words it covers changed by `difference` (new words added, old ones
// subtracted): RFC 1624 section 3, equation 3, HC' = ~(~HC + ~m + m').
[[nodiscard]] inline Be16 updated(Be16 checksum, PartialSum difference) noexcept {
  difference.add(Be16::from_raw(static_cast<std::uint16_t>(~checksum.raw())));
  return difference.checksum();
}

// The sum of the pseudo-header of either family (RFC 9293 section 3.1, RFC 8200 section 8.1).
[[nodiscard]] inline PartialSum pseudo_header(const IpAddress& source, const IpAddress& destination,
                                              Protocol protocol, std::uint16_t length) noexcept {
  PartialSum sum;
  sum.add(source).add(destination);
  sum.add(Be16::from_host(static_cast<std::uint8_t>(protocol))).add(Be16::from_host(length));
  return sum;
}

}  // namespace yoke::net
