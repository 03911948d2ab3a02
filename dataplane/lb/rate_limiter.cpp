// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/rate_limiter.h"

#include <atomic>

#include "dataplane/limits.h"

namespace yoke::lb {
namespace {

// A word is a tag that says whose it is, and below it a time that wraps every 4 h 39 min.
constexpr unsigned kTimeBits = 40;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;

using Word = std::atomic_ref<std::uint64_t>;

constexpr std::uint64_t parts_of(std::uint32_t now_ms) noexcept {
  return (std::uint64_t{now_ms} << 16) & kTimeMask;
}

// How long the bucket still fills; nothing where it is full, or nobody's. A worker whose tick is
// behind finds a bucket that another has emptied more than a second ahead; a time further ahead
// than that can be is past.
constexpr std::uint64_t remaining(std::uint64_t word, std::uint64_t now) noexcept {
  const std::uint64_t ahead = ((word & kTimeMask) - now) & kTimeMask;
  return word == 0 || ahead > 2 * std::uint64_t{RateLimiter::kSecond} ? 0 : ahead;
}

// The word after one more flow.
constexpr std::uint64_t taken(std::uint64_t tag, std::uint64_t now, std::uint64_t ahead,
                              std::uint32_t interval) noexcept {
  return tag << kTimeBits | ((now + ahead + interval) & kTimeMask);
}

constexpr bool has_room(std::uint64_t ahead, std::uint32_t interval) noexcept {
  return ahead + interval <= RateLimiter::kSecond;
}

}  // namespace

RateLimiter::RateLimiter() : services_(limits::kVips), clients_(kClients / kWays) {}

bool RateLimiter::admit_service(std::uint16_t slot, std::uint32_t interval,
                                std::uint32_t now_ms) noexcept {
  const Word word(services_[slot].words[0]);
  const std::uint64_t now = parts_of(now_ms);
  std::uint64_t seen = word.load(std::memory_order_relaxed);
  for (int tries = 0; tries < kTries; ++tries) {
    const std::uint64_t ahead = remaining(seen, now);
    if (!has_room(ahead, interval)) return false;
    if (word.compare_exchange_weak(seen, taken(1, now, ahead, interval),
                                   std::memory_order_relaxed)) {
      return true;
    }
  }
  return true;
}

bool RateLimiter::admit_client(std::uint64_t hash, std::uint32_t interval,
                               std::uint32_t now_ms) noexcept {
  Line& line = clients_[hash % clients_.size()];
  const std::uint64_t tag = hash >> kTimeBits | 1;  // 0 is nobody's
  const std::uint64_t now = parts_of(now_ms);
  for (int tries = 0; tries < kTries; ++tries) {
    std::size_t way = 0, spare = 0;
    std::uint64_t seen = 0, least = ~std::uint64_t{0};
    for (way = 0; way < kWays; ++way) {
      const std::uint64_t word = Word(line.words[way]).load(std::memory_order_relaxed);
      const bool is_his = word >> kTimeBits == tag;
      const std::uint64_t ahead = remaining(word, now);
      if (is_his || ahead < least) {
        seen = word;
        least = ahead;
        spare = way;
      }
      if (is_his) break;
    }
    const std::uint64_t ahead = way < kWays ? least : 0;
    if (!has_room(ahead, interval)) return false;
    if (Word(line.words[spare])
            .compare_exchange_strong(seen, taken(tag, now, ahead, interval),
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return true;
}

}  // namespace yoke::lb
