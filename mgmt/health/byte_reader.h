// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace yoke::health {

// Reads fields off the front of bytes from a network. Once more is read than there is, it has
// failed, stays so, and every value is 0 or empty. Pure; threads: owned by one.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

  std::string_view bytes(std::size_t count) noexcept {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  // Up to the NUL, which is taken off as well.
  std::string_view c_string() noexcept {
    const auto end = rest_.find('\0');
    const std::string_view text = bytes(end == std::string_view::npos ? rest_.size() + 1 : end);
    (void)bytes(1);
    return text;
  }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t be16() noexcept { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t be32() noexcept { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t little_endian(std::size_t count) noexcept {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char c : bytes(count)) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << shift;
      shift += 8;
    }
    return value;
  }

 private:
  std::uint64_t big_endian(std::size_t count) noexcept {
    std::uint64_t value = 0;
    for (const char c : bytes(count)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// The `count` low bytes of `value`, as networks and as MySQL order them.
[[nodiscard]] inline std::string big_endian(std::uint64_t value, unsigned count) {
  std::string bytes;
  for (unsigned i = count; i > 0; --i) bytes += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
  return bytes;
}
[[nodiscard]] inline std::string little_endian(std::uint64_t value, unsigned count) {
  std::string bytes;
  for (unsigned i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

}  // namespace yoke::health
