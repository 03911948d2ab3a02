// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <emmintrin.h>

#include <array>
#include <cstdint>

#include "dataplane/lb/page_array.h"

// From a hash to the places a flow may be: cuckoo hashing with partial keys (Fan et al., "MemC3",
// NSDI 2013), ten references a cache line.
//
// A reference stands in one of two buckets, each computable from the other and the 16-bit tag, so
// that it can be moved without knowing its key. A lookup reads one line, seldom two; the caller
// compares the whole key at the reference. References are 1 and above; 0 is an empty place.
// Threads: owned by one worker.
namespace yoke::lb {

class FlowIndex {
 public:
  using Reference = std::uint32_t;
  static constexpr unsigned kWays = 10;

  // Room for `references`, at a load that insertion reaches without failing.
  explicit FlowIndex(std::uint32_t references);

  void prefetch(std::uint32_t hash) const noexcept {
    __builtin_prefetch(&buckets_[hash & mask_], 0, 3);
  }
  // The first reference of the likely ones, for a prefetch of what it refers to; 0 if there is
  // none.
  [[nodiscard]] Reference guess(std::uint32_t hash) const noexcept {
    const Bucket& bucket = buckets_[hash & mask_];
    const std::uint32_t hits = matches(bucket, tag_of(hash));
    return hits == 0 ? 0 : bucket.references[static_cast<unsigned>(__builtin_ctz(hits))];
  }

  // The first reference with this hash's tag for which `is_it` holds; 0 if there is none.
  template <typename IsIt>
  [[nodiscard]] Reference find(std::uint32_t hash, IsIt&& is_it) const noexcept {
    const std::uint16_t tag = tag_of(hash);
    const std::uint32_t first = hash & mask_;
    if (const Reference r = find_in(buckets_[first], tag, is_it)) return r;
    const std::uint32_t second = other(first, tag);
    // Nothing left this bucket for its second one: the common case ends here.
    if (second == first || buckets_[first].away() == 0) return 0;
    return find_in(buckets_[second], tag, is_it);
  }

  // False if no place can be made. The reference must not be in the index under this hash.
  [[nodiscard]] bool insert(std::uint32_t hash, Reference reference) noexcept;
  void erase(std::uint32_t hash, Reference reference) noexcept;

 private:
  struct alignas(64) Bucket {
    std::array<std::uint16_t, kWays> tags;
    // Low bits: one a way, set where a reference stands in its second bucket. Above: how many have
    // this as their first bucket and stand in their second.
    std::uint32_t strays;
    std::array<Reference, kWays> references;

    [[nodiscard]] std::uint32_t away() const noexcept { return strays >> kWays; }
    [[nodiscard]] bool is_guest(unsigned way) const noexcept { return (strays >> way & 1) != 0; }
  };
  static_assert(sizeof(Bucket) == 64);

  static std::uint16_t tag_of(std::uint32_t hash) noexcept {
    return static_cast<std::uint16_t>(hash >> 16);
  }
  [[nodiscard]] std::uint32_t other(std::uint32_t bucket, std::uint16_t tag) const noexcept {
    return (bucket ^ (tag * 0x5bd1e995U | 1U)) & mask_;  // never the same one
  }
  // A bit for each way whose tag is `tag`, empty ones included. Reads 32 octets: the tags and what
  // lies behind them in the same line.
  [[nodiscard]] static std::uint32_t matches(const Bucket& bucket, std::uint16_t tag) noexcept {
    const auto* tags = reinterpret_cast<const __m128i*>(bucket.tags.data());
    const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag));
    const __m128i low = _mm_cmpeq_epi16(_mm_load_si128(tags), wanted);
    const __m128i high = _mm_cmpeq_epi16(_mm_load_si128(tags + 1), wanted);
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) &
           ((1U << kWays) - 1);
  }
  template <typename IsIt>
  [[nodiscard]] static Reference find_in(const Bucket& bucket, std::uint16_t tag,
                                         IsIt&& is_it) noexcept {
    for (std::uint32_t hits = matches(bucket, tag); hits != 0; hits &= hits - 1) {
      const Reference r = bucket.references[static_cast<unsigned>(__builtin_ctz(hits))];
      if (r != 0 && is_it(r)) return r;
    }
    return 0;
  }
  [[nodiscard]] static int free_way(const Bucket& bucket) noexcept;
  [[nodiscard]] bool make_room(std::uint32_t bucket, unsigned depth) noexcept;
  void place(std::uint32_t bucket, unsigned way, std::uint16_t tag, Reference reference,
             bool guest) noexcept;
  void vacate(std::uint32_t bucket, unsigned way) noexcept;

  std::uint32_t mask_;
  PageArray<Bucket> buckets_;
  std::uint32_t walk_ = 1;  // which way to move next; any sequence does
};

}  // namespace yoke::lb
