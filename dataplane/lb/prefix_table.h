// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/lb/flow_hash.h"
#include "dataplane/net/address.h"

// Whether an address is in a list of prefixes, of both families.
//
// What another prefix covers is left out, so that those kept are disjoint: the one that could hold
// an address is the one that begins last before it. Their beginnings stand sorted in nodes of one
// (IPv4) or two (IPv6) cache lines, and above them every first key of a node, and so on: 100,000
// prefixes are five or six nodes deep, of which all but the last two are small enough to stay in
// L1 and L2. A prefix costs 5.3 octets (IPv4) or 19.3 (IPv6).
// Threads: filled by its constructor, then constant and read by any.
namespace yoke::lb {

// The position of the last of some sorted keys that is not above another.
template <typename Key, std::size_t kFanout>
class SearchTree {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  SearchTree() = default;
  // `keys` are sorted, each there once.
  explicit SearchTree(std::vector<Key> keys);

  [[nodiscard]] std::size_t find(Key key) const noexcept {
    std::size_t at = 0;  // node of a level, then key of that level
    for (std::size_t level = height_; level-- > 0;) {
      const Node& node = nodes_[levels_[level].first + at];
      std::size_t below = 0;
      for (const Key& candidate : node.keys) below += candidate <= key ? 1 : 0;
      if (below == 0) return kNone;
      at = at * kFanout + below - 1;
      // What fills the last node up is not below anything but the largest key there is.
      if (at >= levels_[level].size) at = levels_[level].size - 1;
    }
    return height_ == 0 ? kNone : at;
  }
  [[nodiscard]] const Key& key(std::size_t at) const noexcept {
    return nodes_[at / kFanout].keys[at % kFanout];
  }
  [[nodiscard]] std::size_t size() const noexcept { return height_ == 0 ? 0 : levels_[0].size; }
  [[nodiscard]] std::size_t bytes() const noexcept { return nodes_.size() * sizeof(Node); }

 private:
  struct alignas(64) Node {
    std::array<Key, kFanout> keys;
  };
  struct Level {
    std::size_t first = 0;  // node
    std::size_t size = 0;   // keys
  };

  void add_level(const std::vector<Key>& keys);

  std::vector<Node> nodes_;         // the keys themselves first
  std::array<Level, 12> levels_{};  // from those up
  std::size_t height_ = 0;
};

class PrefixTable {
 public:
  PrefixTable() = default;
  // Bits behind a prefix's length are ignored.
  explicit PrefixTable(std::span<const net::Prefix> prefixes);

  [[nodiscard]] bool contains(const net::IpAddress& address) const noexcept;
  // What is left of what was given, and what it takes.
  [[nodiscard]] std::size_t size() const noexcept {
    return lengths_v4_.size() + lengths_v6_.size();
  }
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  __extension__ using Wide = unsigned __int128;

  SearchTree<std::uint32_t, 16> starts_v4_;
  SearchTree<Wide, 8> starts_v6_;
  std::vector<std::uint8_t> lengths_v4_, lengths_v6_;  // by position in starts
};

}  // namespace yoke::lb
