// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/lb/page_array.h"

// How many new flows a second a service, and each client of one, may still open: what is left of
// it, in memory of a fixed size that all workers share and no snapshot touches.
//
// A bucket is one 64-bit word: the time at which it will be full again (the generic cell rate
// algorithm, ITU-T I.371, virtual scheduling). It holds one second's worth. A flow that is admitted
// is one exchange of that word; one that is refused writes nothing, so that a flood moves no cache
// line between workers. Workers that lose an exchange look again, and so the rate holds for all of
// them together; one that loses kTries of them lets its flow pass. A bucket that has rested for a
// whole turn of its clock (4 h 39 min), to within two seconds, is taken for one just used.
//
// Clients stand in lines of eight, found by a keyed hash. One whose bucket is full needs no place,
// so there is room for as many as open flows within a second: kClients. Where a line is full of
// such, the one who is nearest to having his whole second again is forgotten, and starts with a
// full one: more clients than there is room for are limited less, and nobody is refused for it.
// Threads: any.
namespace yoke::lb {

class RateLimiter {
 public:
  static constexpr std::uint32_t kSecond = 65'536'000;  // in parts of 2^-16 ms
  static constexpr std::size_t kClients = std::size_t{1} << 17;

  // The time between two flows at `rate` a second, 1 to 1,000,000; never longer than it is, and
  // within 1 % of it.
  [[nodiscard]] static constexpr std::uint32_t interval(std::uint32_t rate) noexcept {
    return kSecond / rate;
  }

  RateLimiter();

  // Takes one flow from the bucket of the service in this slot; false if there is none left.
  // `interval` is not 0; `now_ms` may wrap.
  [[nodiscard]] bool admit_service(std::uint16_t slot, std::uint32_t interval,
                                   std::uint32_t now_ms) noexcept;
  // The same of the client that `hash` stands for.
  [[nodiscard]] bool admit_client(std::uint64_t hash, std::uint32_t interval,
                                  std::uint32_t now_ms) noexcept;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr int kTries = 4;
  struct alignas(64) Line {
    std::uint64_t words[kWays];
  };

  PageArray<Line> services_;  // a line each: two services never share one
  PageArray<Line> clients_;
};

}  // namespace yoke::lb
