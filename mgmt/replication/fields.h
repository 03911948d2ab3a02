// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Bytes that two releases understand: rows of type (2 octets), length (4 octets), value;
// big-endian. A reader steps over types it does not know and takes the defaults for those that are
// missing. (mgmt/pair/wire has the same for what is never longer than a frame.) Threads: owned by
// one.
namespace yoke::replication {

[[nodiscard]] inline std::string number_bytes(std::uint64_t value, unsigned size) {
  std::string bytes(size, '\0');
  for (unsigned i = size; i-- > 0; value >>= 8U) bytes[i] = static_cast<char>(value & 0xffU);
  return bytes;
}

// A value that has grown is read as far as it is known.
[[nodiscard]] inline std::uint64_t number_in(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

class FieldWriter {
 public:
  void add(std::uint16_t type, std::string_view value) {
    bytes_ += number_bytes(type, 2);
    bytes_ += number_bytes(value.size(), 4);
    bytes_ += value;
  }
  void add(std::uint16_t type, std::uint64_t value) { add(type, number_bytes(value, 8)); }
  [[nodiscard]] std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

struct Field {
  std::uint16_t type = 0;
  std::string_view value;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) noexcept : left_(bytes) {}

  // The next, or nothing at the end or where the rest makes no sense (malformed()).
  [[nodiscard]] std::optional<Field> next() noexcept {
    constexpr std::size_t kHeader = 6;
    if (left_.empty()) return std::nullopt;
    if (left_.size() >= kHeader) {
      const auto type = static_cast<std::uint16_t>(number_in(left_.substr(0, 2)));
      const std::uint64_t length = number_in(left_.substr(2, 4));
      if (left_.size() - kHeader >= length) {
        const Field field{type, left_.substr(kHeader, length)};
        left_.remove_prefix(kHeader + length);
        return field;
      }
    }
    malformed_ = true;
    left_ = {};
    return std::nullopt;
  }
  [[nodiscard]] bool malformed() const noexcept { return malformed_; }

 private:
  std::string_view left_;
  bool malformed_ = false;
};

}  // namespace yoke::replication
