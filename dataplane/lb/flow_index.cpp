// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_index.h"

#include <bit>

namespace yoke::lb {
namespace {

// Moves before an insertion gives up. At nine tenths full a place is found within a few.
constexpr unsigned kMovesMax = 32;

}  // namespace

FlowIndex::FlowIndex(std::uint32_t references)
    : mask_(std::bit_ceil(references / (kWays - 1) + 2) - 1), buckets_(mask_ + std::size_t{1}) {}

int FlowIndex::free_way(const Bucket& bucket) noexcept {
  for (unsigned way = 0; way < kWays; ++way) {
    if (bucket.references[way] == 0) return static_cast<int>(way);
  }
  return -1;
}

void FlowIndex::place(std::uint32_t bucket, unsigned way, std::uint16_t tag, Reference reference,
                      bool guest) noexcept {
  Bucket& b = buckets_[bucket];
  b.tags[way] = tag;
  b.references[way] = reference;
  if (guest) {
    b.strays |= 1U << way;
    buckets_[other(bucket, tag)].strays += 1U << kWays;
  }
}

void FlowIndex::vacate(std::uint32_t bucket, unsigned way) noexcept {
  Bucket& b = buckets_[bucket];
  if (b.is_guest(way)) {
    b.strays &= ~(1U << way);
    buckets_[other(bucket, b.tags[way])].strays -= 1U << kWays;
  }
  b.references[way] = 0;
}

// Moves one reference out of a full bucket into its other one, making room there first if need be.
bool FlowIndex::make_room(std::uint32_t bucket, unsigned depth) noexcept {
  while (depth < kMovesMax) {
    const unsigned way = (walk_ = walk_ * 1664525U + 1013904223U) / 429496730U;  // 0 to 9
    const std::uint16_t tag = buckets_[bucket].tags[way];
    const std::uint32_t to = other(bucket, tag);
    ++depth;
    if (to == bucket) continue;
    int free = free_way(buckets_[to]);
    if (free < 0) {
      if (!make_room(to, depth)) return false;
      // Making room there may have moved things here.
      if (free_way(buckets_[bucket]) >= 0) return true;
      free = free_way(buckets_[to]);
      if (free < 0 || buckets_[bucket].tags[way] != tag) continue;
    }
    const Reference moved = buckets_[bucket].references[way];
    const bool was_guest = buckets_[bucket].is_guest(way);
    vacate(bucket, way);
    place(to, static_cast<unsigned>(free), tag, moved, !was_guest);
    return true;
  }
  return false;
}

bool FlowIndex::insert(std::uint32_t hash, Reference reference) noexcept {
  const std::uint16_t tag = tag_of(hash);
  const std::uint32_t first = hash & mask_;
  const std::uint32_t second = other(first, tag);
  if (const int way = free_way(buckets_[first]); way >= 0) {
    place(first, static_cast<unsigned>(way), tag, reference, false);
    return true;
  }
  if (second != first) {
    if (const int way = free_way(buckets_[second]); way >= 0) {
      place(second, static_cast<unsigned>(way), tag, reference, true);
      return true;
    }
  }
  if (!make_room(first, 0)) return false;
  const int way = free_way(buckets_[first]);
  if (way < 0) return false;
  place(first, static_cast<unsigned>(way), tag, reference, false);
  return true;
}

void FlowIndex::erase(std::uint32_t hash, Reference reference) noexcept {
  const std::uint32_t first = hash & mask_;
  for (const std::uint32_t bucket : {first, other(first, tag_of(hash))}) {
    for (unsigned way = 0; way < kWays; ++way) {
      if (buckets_[bucket].references[way] != reference) continue;
      vacate(bucket, way);
      return;
    }
  }
}

}  // namespace yoke::lb
