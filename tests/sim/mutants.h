// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "mgmt/pair/rules.h"
#include "tests/sim/world.h"

// The protocol with one thing broken. Each must be caught by some seed: a rule that can be broken
// without anyone noticing is not needed, or not tested.
namespace yoke::sim {

struct Mutant {
  std::string_view name;
  std::string_view broken;                // in words
  void (*rules)(pair::Rules&) = nullptr;  // breaks a rule of the election
  void (*quirks)(Quirks&) = nullptr;      // breaks what is around it
  void (*adjust)(Schedule&) = nullptr;    // breaks a number
  std::uint64_t rarity = 1;               // takes so many times the seeds of the others
};

[[nodiscard]] std::span<const Mutant> mutants();

}  // namespace yoke::sim
