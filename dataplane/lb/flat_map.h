// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

// A map that is filled once and then only read: open addressing in one array, at most half full, so
// that a hit or a miss is one or two cells away. Of equal keys the first stays.
// Hash is a value with `std::uint64_t operator()(const Key&) const noexcept`. Threads: any, filled.
namespace yoke::lb {

template <typename Key, typename Value, typename Hash>
class FlatMap {
 public:
  FlatMap() = default;
  FlatMap(Hash hash, const std::vector<std::pair<Key, Value>>& rows)
      : hash_(hash), mask_(std::bit_ceil(rows.size() * 2 + 1) - 1), cells_(mask_ + 1) {
    for (const auto& [key, value] : rows) {
      std::size_t i = hash_(key) & mask_;
      while (cells_[i].used && !(cells_[i].key == key)) i = (i + 1) & mask_;
      if (!cells_[i].used) cells_[i] = {key, value, true};
    }
  }

  [[nodiscard]] const Value* find(const Key& key) const noexcept {
    if (cells_.empty()) return nullptr;
    for (std::size_t i = hash_(key) & mask_;; i = (i + 1) & mask_) {
      const Cell& cell = cells_[i];
      if (!cell.used) return nullptr;
      if (cell.key == key) return &cell.value;
    }
  }

 private:
  struct Cell {
    Key key{};
    Value value{};
    bool used = false;
  };
  Hash hash_{};
  std::size_t mask_ = 0;
  std::vector<Cell> cells_;
};

}  // namespace yoke::lb
