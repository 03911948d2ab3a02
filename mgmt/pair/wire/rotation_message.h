// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mgmt/pair/wire/agreement.h"
#include "mgmt/pair/wire/key_ring.h"
#include "mgmt/pair/wire/tlv.h"

// What two units tell each other about another key, as bodies of frames of kind kRotation. Threads:
// values, any.
namespace yoke::pair {

// Drawn at random by who asks: names one rotation for good.
using RotationNumber = std::array<std::uint8_t, 16>;

enum class RotationKind : std::uint8_t {
  kOffer = 1,   // my share of a key after `base`
  kAccept = 2,  // mine; I have the key on the disk
  kKept = 3,    // so have I
  kRefuse = 4,  // there is no such rotation here, nor will there be
};

enum class RotationRefusal : std::uint8_t {
  kUnknown = 1,     // it was never begun here, or was given up
  kOtherBase = 2,   // it starts from a key that is not this unit's
  kUnfinished = 3,  // the rotation before it is not over here
  kBadShare = 4,    // the share or the confirmation is not of who has the key
  kNotStored = 5,   // the key cannot be stored
};

struct RotationMessage {
  RotationKind kind = RotationKind::kRefuse;
  RotationNumber number{};
  KeyProof base = {};      // kOffer: the key that there is
  Bits256 share{};         // kOffer, kAccept
  KeyProof key = {};       // kAccept: the key that is to be
  Bits256 confirmation{};  // kAccept, kKept
  std::uint8_t why = 0;    // kRefuse: a RotationRefusal, or one of another release
  friend bool operator==(const RotationMessage&, const RotationMessage&) = default;
};

inline constexpr std::size_t kRotationMessageMost = 256;

// Octets of `room` that hold it, or 0 where they are too few.
[[nodiscard]] std::size_t encode(const RotationMessage& message,
                                 std::span<std::uint8_t> room) noexcept;
// Nothing where it makes no sense: of no kind that is known, or without what its kind has.
[[nodiscard]] std::optional<RotationMessage> decode_rotation(Bytes body) noexcept;

}  // namespace yoke::pair
