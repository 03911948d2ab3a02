// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/tlv.h"

// The election's messages as the body of a sealed frame: any number of them, each a TLV of its
// fields in TLV. A field that the sender does not know has its default here, one that is not known
// here is stepped over, and so is a whole message. Neither allocates. Threads: owned by one.
namespace yoke::pair {

class MessageWriter {
 public:
  explicit MessageWriter(std::span<std::uint8_t> room) noexcept : room_(room) {}
  // False where it does not fit any more; those before it stay.
  [[nodiscard]] bool add(const Message& message) noexcept;
  [[nodiscard]] Bytes body() const noexcept { return room_.first(size_); }

 private:
  std::span<std::uint8_t> room_;
  std::size_t size_ = 0;
};

class MessageReader {
 public:
  explicit MessageReader(Bytes body) noexcept : left_(body) {}
  // The next that is understood, or nothing at the end.
  [[nodiscard]] std::optional<Message> next() noexcept;
  // So far: messages of the next release.
  [[nodiscard]] std::size_t unknown() const noexcept { return unknown_; }
  // So far: messages with a value that makes no sense here, and a rest that is none.
  [[nodiscard]] std::size_t refused() const noexcept {
    return refused_ + (left_.malformed() ? 1 : 0);
  }

 private:
  TlvReader left_;
  std::size_t unknown_ = 0, refused_ = 0;
};

}  // namespace yoke::pair
