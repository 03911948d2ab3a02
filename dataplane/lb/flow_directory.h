// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/lb/page_array.h"

// Which worker has a flow that was not opened here: the client's packets reach the worker that the
// port's receive queues choose, and an adopted flow is where its SNAT port says. A worker that does
// not have a packet's flow asks here, and hands the packet over.
//
// Keyed by the flow's client hash alone. So there may be several owners of one hash; a worker that
// was asked in vain goes on to the one behind itself. Sixteen places stand near each hash; a flow
// for which all are taken is not in it (at half load one in 300). Threads: any.
namespace yoke::lb {

class FlowDirectory {
 public:
  // Room for `flows` at half load, which costs nothing before it is used.
  explicit FlowDirectory(std::size_t flows)
      : mask_(std::bit_ceil(flows * 2 / kWays + 2) - 1),
        places_((mask_ + 1) * kWays, PageArray<std::uint64_t>::Backed::kAsUsed) {}

  // False if there is no place left near it.
  bool add(std::uint32_t hash, std::uint8_t owner) noexcept {
    if (!is_used_.load(std::memory_order_relaxed)) is_used_.store(true, std::memory_order_relaxed);
    return change(hash, 0, entry(hash, owner));
  }
  // False if it was not there.
  bool remove(std::uint32_t hash, std::uint8_t owner) noexcept {
    return change(hash, entry(hash, owner), 0);
  }
  [[nodiscard]] bool has(std::uint32_t hash, std::uint8_t owner) const noexcept {
    for (std::size_t i = 0; i < 2 * kWays; ++i) {
      if (at(hash, i).load(std::memory_order_relaxed) == entry(hash, owner)) return true;
    }
    return false;
  }
  // The first owner behind `self`, or of all where `self` is none; nothing if there is none.
  [[nodiscard]] std::optional<std::uint8_t> next(std::uint32_t hash,
                                                 std::uint8_t self) const noexcept {
    if (!is_used_.load(std::memory_order_relaxed)) return std::nullopt;
    std::optional<std::uint8_t> found;
    for (std::size_t i = 0; i < 2 * kWays; ++i) {
      const std::uint64_t there = at(hash, i).load(std::memory_order_relaxed);
      if ((there | kOwner) != (entry(hash, 0) | kOwner)) continue;
      const auto owner = static_cast<std::uint8_t>(there & kOwner);
      if (owner == self) {
        found.reset();
      } else if (!found) {
        found = owner;
      }
    }
    return found;
  }

 private:
  static constexpr std::size_t kWays = 8;  // a cache line; the one beside it takes what is too much
  static constexpr std::uint64_t kOwner = 0xff, kUsed = 0x100;
  static std::uint64_t entry(std::uint32_t hash, std::uint8_t owner) noexcept {
    return std::uint64_t{hash} << 32 | kUsed | owner;
  }
  [[nodiscard]] std::atomic_ref<std::uint64_t> at(std::uint32_t hash,
                                                  std::size_t i) const noexcept {
    const std::size_t line = (hash & mask_) ^ (i / kWays);
    return std::atomic_ref(places_[line * kWays + i % kWays]);
  }
  bool change(std::uint32_t hash, std::uint64_t from, std::uint64_t to) noexcept {
    for (std::size_t i = 0; i < 2 * kWays; ++i) {
      std::uint64_t expected = from;
      if (at(hash, i).compare_exchange_strong(expected, to, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  std::size_t mask_;
  std::atomic<bool> is_used_{false};
  mutable PageArray<std::uint64_t> places_;
};

}  // namespace yoke::lb
