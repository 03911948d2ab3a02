// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mgmt/pair/wire/tally.h"

// Why a sealed frame was not taken, and how many were not. Threads: values, any.
namespace yoke::pair {

enum class Refusal : std::uint8_t {
  kTruncated,      // shorter than it says it is
  kTooLong,        // a body that no unit sends
  kBadMagic,       // not one of ours
  kNewerVersion,   // of a layout that is not spoken here
  kOtherStream,    // of another session of the pair
  kOtherChannel,   // came another way than it was sent: carried across by somebody
  kOwn,            // our own, come back
  kUnknownKey,     // sealed with a key that this unit does not have
  kBadTag,         // forged or damaged
  kReplayed,       // was here before, or is older than the window
  kStaleBoot,      // of a process of the peer that has been replaced
  kUnprovenBoot,   // authentic, but nothing shows yet that it was sent now
  kDuplicateUnit,  // authentic, of another process that has this unit's number
  kUnknownKind,    // authentic, of a kind that another release has
  kMalformed,      // authentic, but its body makes no sense
};
inline constexpr std::size_t kRefusals = 15;

// "bad-tag": as `show ha` and metrics name it.
[[nodiscard]] constexpr std::string_view to_string(Refusal reason) noexcept {
  constexpr std::array<std::string_view, kRefusals> kNames{
      "truncated",     "too-long",      "bad-magic",      "newer-version", "other-stream",
      "other-channel", "own",           "unknown-key",    "bad-tag",       "replayed",
      "stale-boot",    "unproven-boot", "duplicate-unit", "unknown-kind",  "malformed"};
  return kNames[static_cast<std::size_t>(reason)];
}

using Refusals = Tally<Refusal, kRefusals>;

}  // namespace yoke::pair
