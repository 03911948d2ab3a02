// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/prefix_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace yoke::lb {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint32_t narrow(const net::IpAddress& address) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, address.v4_octets(), sizeof word);
  return __builtin_bswap32(word);
}

Wide wide(const net::IpAddress& address) noexcept {
  std::uint64_t words[2];
  std::memcpy(words, address.octets().data(), sizeof words);
  return Wide{__builtin_bswap64(words[0])} << 64 | __builtin_bswap64(words[1]);
}

template <typename Key>
struct Range {
  Key start = 0;
  std::uint8_t length = 0;
};

// Whether `key` is in the prefix of `length` bits that begins at `start`.
template <typename Key>
bool is_within(Key key, Key start, std::uint8_t length) noexcept {
  constexpr unsigned kBits = sizeof(Key) * 8;
  return length == 0 || static_cast<Key>(key ^ start) >> (kBits - length) == 0;
}

// Sorted, and without those that another covers: the wider of two that begin together is first.
template <typename Key>
std::vector<Range<Key>> disjoint(std::vector<Range<Key>> ranges) {
  std::ranges::sort(ranges, [](const auto& a, const auto& b) {
    return a.start != b.start ? a.start < b.start : a.length < b.length;
  });
  std::size_t kept = 0;
  for (const auto& range : ranges) {
    if (kept > 0 && is_within(range.start, ranges[kept - 1].start, ranges[kept - 1].length)) {
      continue;
    }
    ranges[kept++] = range;
  }
  ranges.resize(kept);
  return ranges;
}

template <typename Key>
std::vector<std::uint8_t> lengths_of(const std::vector<Range<Key>>& ranges) {
  std::vector<std::uint8_t> lengths;
  lengths.reserve(ranges.size());
  for (const auto& range : ranges) lengths.push_back(range.length);
  return lengths;
}

template <typename Key>
std::vector<Key> starts_of(const std::vector<Range<Key>>& ranges) {
  std::vector<Key> starts;
  starts.reserve(ranges.size());
  for (const auto& range : ranges) starts.push_back(range.start);
  return starts;
}

template <typename Tree, typename Key>
bool holds(const Tree& starts, const std::vector<std::uint8_t>& lengths, Key key) noexcept {
  const std::size_t at = starts.find(key);
  return at != Tree::kNone && is_within(key, starts.key(at), lengths[at]);
}

}  // namespace

template <typename Key, std::size_t kFanout>
SearchTree<Key, kFanout>::SearchTree(std::vector<Key> keys) {
  while (!keys.empty()) {
    add_level(keys);
    if (keys.size() <= kFanout) return;
    std::vector<Key> firsts;
    for (std::size_t i = 0; i < keys.size(); i += kFanout) firsts.push_back(keys[i]);
    keys = std::move(firsts);
  }
}

template <typename Key, std::size_t kFanout>
void SearchTree<Key, kFanout>::add_level(const std::vector<Key>& keys) {
  levels_[height_++] = {nodes_.size(), keys.size()};
  for (std::size_t i = 0; i < keys.size(); i += kFanout) {
    Node node;
    node.keys.fill(static_cast<Key>(~Key{0}));
    const std::size_t count = std::min(kFanout, keys.size() - i);
    std::copy_n(keys.begin() + static_cast<std::ptrdiff_t>(i), count, node.keys.begin());
    nodes_.push_back(node);
  }
}

PrefixTable::PrefixTable(std::span<const net::Prefix> prefixes) {
  std::vector<Range<std::uint32_t>> v4;
  std::vector<Range<Wide>> v6;
  for (const net::Prefix& prefix : prefixes) {
    if (prefix.address.is_v4()) {
      v4.push_back({narrow(prefix.network()), prefix.length});
    } else {
      v6.push_back({wide(prefix.network()), prefix.length});
    }
  }
  v4 = disjoint(std::move(v4));
  v6 = disjoint(std::move(v6));
  lengths_v4_ = lengths_of(v4);
  lengths_v6_ = lengths_of(v6);
  starts_v4_ = SearchTree<std::uint32_t, 16>(starts_of(v4));
  starts_v6_ = SearchTree<Wide, 8>(starts_of(v6));
}

bool PrefixTable::contains(const net::IpAddress& address) const noexcept {
  return address.is_v4() ? holds(starts_v4_, lengths_v4_, narrow(address))
                         : holds(starts_v6_, lengths_v6_, wide(address));
}

std::size_t PrefixTable::bytes() const noexcept {
  return starts_v4_.bytes() + starts_v6_.bytes() + size();
}

}  // namespace yoke::lb
