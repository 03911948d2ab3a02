// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

// Integers as they lie on the wire. There is no implicit conversion in either direction: code that
// reads as if byte order did not matter must not compile. Threads: values, any.
namespace yoke::net {

static_assert(std::endian::native == std::endian::little, "ported to little-endian machines only");

template <std::unsigned_integral T>
class [[gnu::packed]] BigEndian {
 public:
  constexpr BigEndian() noexcept = default;
  [[nodiscard]] static constexpr BigEndian from_host(T value) noexcept {
    return from_raw(swap(value));
  }
  // `raw` is the integer that a plain load from the wire gives.
  [[nodiscard]] static constexpr BigEndian from_raw(T raw) noexcept {
    BigEndian b;
    b.raw_ = raw;
    return b;
  }
  [[nodiscard]] constexpr T host() const noexcept { return swap(raw_); }
  [[nodiscard]] constexpr T raw() const noexcept { return raw_; }
  friend constexpr bool operator==(BigEndian a, BigEndian b) noexcept { return a.raw_ == b.raw_; }

 private:
  static constexpr T swap(T v) noexcept {
    if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(v);
    } else if constexpr (sizeof(T) == 4) {
      return __builtin_bswap32(v);
    } else {
      return __builtin_bswap64(v);
    }
  }
  T raw_{};
};

using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;
using Be64 = BigEndian<std::uint64_t>;

static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && std::is_trivially_copyable_v<Be16>);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1 && std::is_trivially_copyable_v<Be32>);
static_assert(Be16::from_host(0x1234).raw() == 0x3412);
static_assert(!std::is_convertible_v<std::uint16_t, Be16>);
static_assert(!std::is_convertible_v<Be16, std::uint16_t>);

}  // namespace yoke::net
