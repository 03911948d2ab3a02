// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <tuple>

// Where a unit is in the history of its configuration. Threads: values, any.
namespace yoke::replication {

// Of the claim under which a revision was written (mgmt/pair): who claims later has a higher one.
// 0: written by a unit that had no peer.
using Epoch = std::uint64_t;
using Hash = std::array<std::uint8_t, 32>;  // SHA-256

// A revision and all before it: `hash` is over the hash of the one before it, so two that are alike
// have the same history.
struct Position {
  Epoch epoch = 0;
  std::uint64_t revision = 0;  // 0: nothing has been committed, the beginning of every history
  Hash hash{};
  std::uint64_t digest = 0;  // of the records it holds

  friend bool operator==(const Position&, const Position&) = default;
};

// Of two histories neither of which contains the other, the one that stays: the higher epoch, the
// longer, and else either, but the same one for both units.
[[nodiscard]] inline bool outweighs(const Position& one, const Position& other) noexcept {
  return std::tie(one.epoch, one.revision, one.hash) >
         std::tie(other.epoch, other.revision, other.hash);
}

}  // namespace yoke::replication
