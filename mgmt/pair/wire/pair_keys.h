// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "mgmt/pair/wire/key_ring.h"
#include "mgmt/pair/wire/rotation_message.h"

// The keys that a unit has on its disk: one, or two while one is being replaced (rotation.h).
// Threads: values, any.
namespace yoke::pair {

struct NextKey {
  Key key;
  std::int64_t made_s = 0;  // as PairKeys::made_s
  RotationNumber rotation{};
  // The peer has it on its disk as well; until then it may have to be given up.
  bool is_proven = false;
  Bits256 share{};  // what this unit gave to it, for a peer that asks again
  friend bool operator==(const NextKey&, const NextKey&) = default;
};

struct PairKeys {
  Key current;
  // Seconds since 1970 by the unit's clock at the time, for people alone; 0: it is not known.
  std::int64_t made_s = 0;
  std::optional<NextKey> next;
  friend bool operator==(const PairKeys&, const PairKeys&) = default;
};

}  // namespace yoke::pair
