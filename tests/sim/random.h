// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The same numbers on every machine and from every library: a seed that fails must fail everywhere.
namespace yoke::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15U + 1) {}

  // splitmix64
  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  // low..high, both included
  std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double probability) noexcept {
    return static_cast<double>(next() >> 11U) * 0x1p-53 < probability;
  }

 private:
  std::uint64_t state_;
};

}  // namespace yoke::sim
