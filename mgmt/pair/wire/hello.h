// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mgmt/pair/wire/frame.h"
#include "mgmt/pair/wire/key_ring.h"
#include "mgmt/pair/wire/tlv.h"

// The body of a hello: by it two processes show each other that they live now, and which keys they
// have. Threads: values, any.
namespace yoke::pair {

using Challenge = std::array<std::uint8_t, 16>;

struct Hello {
  static constexpr std::size_t kEchoesMost = 4;

  std::optional<Challenge> challenge;  // to be echoed by whoever lives
  std::array<Challenge, kEchoesMost> echoes{};
  std::size_t echo_count = 0;
  // The last counter that the sender used on each channel before this frame.
  std::array<std::uint64_t, kFrameChannels> sent{};
  std::optional<KeyProof> newest_key;
  friend bool operator==(const Hello&, const Hello&) = default;
};

// Octets of `room` that hold it, or 0 where they are too few.
[[nodiscard]] std::size_t encode(const Hello& hello, std::span<std::uint8_t> room) noexcept;
// Nothing where it makes no sense.
[[nodiscard]] std::optional<Hello> decode_hello(Bytes body) noexcept;

}  // namespace yoke::pair
