// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "hal/base/result.h"

// Addresses as values, in one form for both families: an IPv4 address is held as its IPv4-mapped
// IPv6 address (RFC 4291 section 2.5.5.2), so that every table has one key and every function one
// path. The text form of a mapped address is refused on input: there is one spelling for each.
// Threads: values, any.
namespace yoke::net {

struct MacAddress {
  std::array<std::uint8_t, 6> octets{};

  [[nodiscard]] static Result<MacAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == MacAddress{}; }
  [[nodiscard]] constexpr bool is_multicast() const noexcept { return (octets[0] & 1) != 0; }
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
  friend constexpr bool operator==(const MacAddress& a, const MacAddress& b) noexcept {
    return a.word() == b.word();
  }

 private:
  // As one number, in any order.
  [[nodiscard]] constexpr std::uint64_t word() const noexcept {
    std::uint64_t value = 0;
    if (std::is_constant_evaluated()) {
      for (const std::uint8_t octet : octets) value = value << 8 | octet;
    } else {
      std::uint32_t first = 0;
      std::uint16_t second = 0;
      std::memcpy(&first, octets.data(), sizeof first);
      std::memcpy(&second, octets.data() + sizeof first, sizeof second);
      value = std::uint64_t{second} << 32 | first;
    }
    return value;
  }
};
static_assert(sizeof(MacAddress) == 6);

// 16 octets in network order.
class IpAddress {
 public:
  constexpr IpAddress() noexcept = default;
  [[nodiscard]] static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& octets) noexcept {
    IpAddress a;
    a.octets_ = octets;
    return a;
  }
  [[nodiscard]] static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c,
                                              std::uint8_t d) noexcept {
    return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d});
  }
  // Four octets of an IPv4 header. Bounds are the caller's.
  [[nodiscard]] static IpAddress load_v4(const void* wire) noexcept {
    std::uint32_t last = 0;
    std::memcpy(&last, wire, sizeof last);
    // Whole words: who reads it all soon after four octets were written into it has to wait.
    const std::uint64_t words[2] = {0, kMappedWord | std::uint64_t{last} << 32};
    return load_v6(words);
  }
  [[nodiscard]] static IpAddress load_v6(const void* wire) noexcept {
    IpAddress a;
    std::memcpy(a.octets_.data(), wire, 16);
    return a;
  }

  // "192.0.2.1" or "2001:db8::1"; nothing else (no zone, no mapped form, no brackets).
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  // The canonical form (RFC 5952).
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] constexpr bool is_v4() const noexcept {
    return word(0) == 0 && (word(8) & 0xffffffffU) == kMappedWord;
  }
  [[nodiscard]] constexpr bool is_multicast() const noexcept {
    return is_v4() ? (octets_[12] & 0xf0) == 0xe0 : octets_[0] == 0xff;
  }
  [[nodiscard]] constexpr bool is_unspecified() const noexcept {
    return *this == IpAddress{} || *this == v4(0, 0, 0, 0);
  }
  [[nodiscard]] constexpr bool is_link_local() const noexcept {
    return is_v4() ? octets_[12] == 169 && octets_[13] == 254
                   : octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
  }
  [[nodiscard]] constexpr bool is_loopback() const noexcept {
    return is_v4() ? octets_[12] == 127
                   : *this == v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  }
  [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& octets() const noexcept {
    return octets_;
  }
  // The bits that are set in `mask`.
  [[nodiscard]] IpAddress masked(const IpAddress& mask) const noexcept {
    const std::uint64_t words[2] = {word(0) & mask.word(0), word(8) & mask.word(8)};
    return load_v6(words);
  }
  // The four octets as an IPv4 header carries them; meaningful where is_v4().
  [[nodiscard]] const std::uint8_t* v4_octets() const noexcept { return octets_.data() + 12; }

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
    return a.word(0) == b.word(0) && a.word(8) == b.word(8);
  }

 private:
  // Eight octets from `at` as one load gives them.
  [[nodiscard]] constexpr std::uint64_t word(std::size_t at) const noexcept {
    std::uint64_t value = 0;
    if (std::is_constant_evaluated()) {
      for (std::size_t i = 8; i-- > 0;) value = value << 8 | octets_[at + i];
    } else {
      std::memcpy(&value, octets_.data() + at, sizeof value);
    }
    return value;
  }
  static constexpr std::uint64_t kMappedWord = 0xffff0000U;  // 00 00 ff ff, little-endian

  std::array<std::uint8_t, 16> octets_{};
};
static_assert(sizeof(IpAddress) == 16 && std::is_trivially_copyable_v<IpAddress>);

// An address and how many of its leading bits count. Length is in the family's own bits (0-32 or
// 0-128); bits after it are zero in a network, free in an interface address.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;

  // "192.0.2.0/24"; "192.0.2.1" alone means the full length.
  [[nodiscard]] static Result<Prefix> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  // Length counted in the 128 bits of the mapped form.
  [[nodiscard]] constexpr std::uint8_t mapped_length() const noexcept {
    return address.is_v4() ? static_cast<std::uint8_t>(length + 96) : length;
  }
  // Ones where a bit of the mapped form counts.
  [[nodiscard]] IpAddress mask() const noexcept;
  [[nodiscard]] IpAddress network() const noexcept { return address.masked(mask()); }
  [[nodiscard]] bool contains(const IpAddress& other) const noexcept;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

enum class Protocol : std::uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpV6 = 58 };
[[nodiscard]] std::string_view to_string(Protocol protocol) noexcept;

// "192.0.2.1:80" or "[2001:db8::1]:80". Port 1-65535, host order.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// "192.0.2.1:80/tcp", "[2001:db8::1]:53/udp": what a VIP answers for.
struct ServiceAddress {
  Endpoint endpoint;
  Protocol protocol = Protocol::kTcp;

  [[nodiscard]] static Result<ServiceAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const ServiceAddress&, const ServiceAddress&) = default;
};

}  // namespace yoke::net
