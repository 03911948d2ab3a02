// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/lb/flow_hash.h"
#include "dataplane/lb/flow_table.h"

// What a table holds, in a few numbers that two units can compare: flows by bucket, and for each
// bucket the sum of a term for each of its flows, in whatever order they came.
//
// A term is made of the flow's two hashes, which stand for its tuples, and of how far it has come.
// So it is the same on two units that share the hash key, whatever slots they gave to services and
// servers, and can be taken away again without a look into a snapshot. Threads: values, one owner.
namespace yoke::lb {

inline constexpr std::size_t kFlowBuckets = 512;  // 1 M flows: 2,000 in each

[[nodiscard]] inline std::size_t bucket_of(std::uint32_t client_hash) noexcept {
  return client_hash >> 23;
}
[[nodiscard]] inline std::size_t bucket_of(const Flow& flow) noexcept {
  return bucket_of(flow.client_hash);
}
static_assert(std::uint64_t{1} << (32 - 23) == kFlowBuckets);

struct BucketSet {
  std::array<std::uint64_t, kFlowBuckets / 64> words{};

  [[nodiscard]] static BucketSet all() noexcept {
    BucketSet set;
    set.words.fill(~std::uint64_t{0});
    return set;
  }
  [[nodiscard]] bool contains(std::size_t bucket) const noexcept {
    return (words[bucket / 64] >> (bucket % 64) & 1) != 0;
  }
  void add(std::size_t bucket) noexcept { words[bucket / 64] |= std::uint64_t{1} << (bucket % 64); }
  [[nodiscard]] bool is_empty() const noexcept { return *this == BucketSet{}; }
  BucketSet& operator|=(const BucketSet& other) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] |= other.words[i];
    return *this;
  }
  BucketSet& operator-=(const BucketSet& other) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] &= ~other.words[i];
    return *this;
  }
  friend bool operator==(const BucketSet&, const BucketSet&) = default;
};

// How far a flow has come, in one number.
[[nodiscard]] inline std::uint8_t stage_of(const Flow& flow) noexcept {
  const unsigned client = flow.client_fin, server = flow.server_fin;
  return static_cast<std::uint8_t>(static_cast<unsigned>(flow.state) | client << 3U | server << 4U);
}

// That of flow_timeout.h in it.
[[nodiscard]] inline FlowState state_of(std::uint8_t stage) noexcept {
  return static_cast<FlowState>(stage & 7);
}

class FlowDigest {
 public:
  using Sums = std::array<std::uint64_t, kFlowBuckets>;

  void add(const Flow& flow, std::uint8_t stage) noexcept {
    sums_[bucket_of(flow)] += term(flow, stage);
  }
  void take(const Flow& flow, std::uint8_t stage) noexcept {
    sums_[bucket_of(flow)] -= term(flow, stage);
  }
  void clear() noexcept { sums_ = {}; }
  [[nodiscard]] const Sums& sums() const noexcept { return sums_; }

 private:
  [[nodiscard]] static std::uint64_t term(const Flow& flow, std::uint8_t stage) noexcept {
    const std::uint64_t hashes = std::uint64_t{flow.client_hash} | std::uint64_t{flow.server_hash}
                                                                       << 32;
    return HashKey::mix(hashes + (std::uint64_t{stage} + 1) * 0x9e3779b97f4a7c15U);
  }
  Sums sums_{};
};

}  // namespace yoke::lb
