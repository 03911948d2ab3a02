// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

// At most `rate` a second in the long run, and `burst` at once. Threads: owned by one.
namespace yoke::io {

class TokenBucket {
 public:
  TokenBucket(std::uint32_t rate_per_s, std::uint32_t burst) noexcept
      : rate_per_s_(rate_per_s), full_(std::uint64_t{burst} * kParts), level_(full_) {}

  // `now_ms` may wrap; it never goes back.
  [[nodiscard]] bool take(std::uint32_t now_ms) noexcept {
    const std::uint32_t elapsed_ms = now_ms - filled_ms_;
    filled_ms_ = now_ms;
    level_ = std::min(full_, level_ + std::uint64_t{elapsed_ms} * rate_per_s_);
    if (level_ < kParts) return false;
    level_ -= kParts;
    return true;
  }

 private:
  static constexpr std::uint64_t kParts =
      1000;  // of a token: what rate 1/s yields in a millisecond

  std::uint64_t rate_per_s_;
  std::uint64_t full_;
  std::uint64_t level_;
  std::uint32_t filled_ms_ = 0;
};

}  // namespace yoke::io
