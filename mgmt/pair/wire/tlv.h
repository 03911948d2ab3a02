// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "dataplane/net/headers.h"
#include "dataplane/net/order.h"

// Bodies that two releases understand: a row of type (2 octets), length (2 octets), value. A reader
// steps over types it does not know, takes the defaults for those that are missing, and of a value
// that has grown reads the beginning; so a field once sent keeps its type and place for good.
// Neither allocates. Threads: owned by one.
namespace yoke::pair {

using Bytes = std::span<const std::uint8_t>;

struct TlvHeader {
  net::Be16 type, length;
};
static_assert(sizeof(TlvHeader) == 4);

// Writes into `room`; what does not fit whole makes the body of no use (complete() is false).
class TlvWriter {
 public:
  explicit TlvWriter(std::span<std::uint8_t> room) noexcept : room_(room) {}

  void add(std::uint16_t type, Bytes value) noexcept {
    const std::size_t needed = sizeof(TlvHeader) + value.size();
    if (!complete_ || value.size() > 0xffff || room_.size() - size_ < needed) {
      complete_ = false;
      return;
    }
    net::store(room_.data() + size_,
               TlvHeader{net::Be16::from_host(type),
                         net::Be16::from_host(static_cast<std::uint16_t>(value.size()))});
    if (!value.empty()) {
      std::memcpy(room_.data() + size_ + sizeof(TlvHeader), value.data(), value.size());
    }
    size_ += needed;
  }
  // A fixed layout of wire types.
  template <typename Wire>
  requires std::is_trivially_copyable_v<Wire> &&
      (alignof(Wire) == 1) void add_value(std::uint16_t type, const Wire& value) noexcept {
    std::uint8_t bytes[sizeof(Wire)];
    std::memcpy(bytes, &value, sizeof value);
    add(type, bytes);
  }

  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::span<std::uint8_t> room_;
  std::size_t size_ = 0;
  bool complete_ = true;
};

struct Tlv {
  std::uint16_t type = 0;
  Bytes value;
  // The beginning of the value as a fixed layout, or nothing where it is shorter.
  template <typename Wire>
  [[nodiscard]] std::optional<Wire> as() const noexcept {
    if (value.size() < sizeof(Wire)) return std::nullopt;
    return net::load<Wire>(value.data());
  }
};

class TlvReader {
 public:
  explicit TlvReader(Bytes body) noexcept : left_(body) {}

  // The next, or nothing at the end or where the rest makes no sense (malformed()).
  [[nodiscard]] std::optional<Tlv> next() noexcept {
    if (left_.empty()) return std::nullopt;
    if (left_.size() >= sizeof(TlvHeader)) {
      const auto header = net::load<TlvHeader>(left_.data());
      const std::size_t length = header.length.host();
      if (left_.size() - sizeof header >= length) {
        const Tlv tlv{header.type.host(), left_.subspan(sizeof header, length)};
        left_ = left_.subspan(sizeof header + length);
        return tlv;
      }
    }
    malformed_ = true;
    left_ = {};
    return std::nullopt;
  }
  [[nodiscard]] bool malformed() const noexcept { return malformed_; }

 private:
  Bytes left_;
  bool malformed_ = false;
};

}  // namespace yoke::pair
