// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace yoke::control {

// Who stands in which slot of a snapshot. A key keeps its slot for as long as it is configured; a
// slot given to another key gets a new incarnation, and the one free for longest is given first, so
// that an old flow cannot take the new for the old. Extents never shrink: a flow may name any slot
// there ever was. Threads: a value, any.
template <typename Key>
class Slots {
 public:
  struct Place {
    std::uint16_t slot = 0;
    std::uint16_t incarnation = 0;  // never 0
    friend bool operator==(const Place&, const Place&) = default;
  };

  explicit Slots(std::size_t capacity) : capacity_(capacity) {}

  // These slots for exactly `keys`, of which there are at most `capacity`.
  [[nodiscard]] Slots following(const std::set<Key>& keys) const {
    Slots next = *this;
    std::deque<std::uint16_t> released;
    for (auto at = next.places_.begin(); at != next.places_.end();) {
      if (keys.contains(at->first)) {
        ++at;
        continue;
      }
      released.push_back(at->second.slot);
      at = next.places_.erase(at);
    }
    for (const Key& key : keys) {
      if (!next.places_.contains(key)) next.places_.emplace(key, next.give(released));
    }
    next.free_.insert(next.free_.end(), released.begin(), released.end());
    return next;
  }
  // `from`, which is there, goes by the name of `to`, which is not, and stays where it is.
  void rename(const Key& from, const Key& to) {
    auto node = places_.extract(from);
    node.key() = to;
    places_.insert(std::move(node));
  }

  [[nodiscard]] const Place* find(const Key& key) const {
    const auto at = places_.find(key);
    return at == places_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const std::map<Key, Place>& all() const noexcept { return places_; }
  // Every slot ever given is below this.
  [[nodiscard]] std::size_t extent() const noexcept { return incarnations_.size(); }

 private:
  // `released` is still in use by the running snapshot: taken last.
  Place give(std::deque<std::uint16_t>& released) {
    std::uint16_t slot = 0;
    if (!free_.empty()) {
      slot = free_.front();
      free_.pop_front();
    } else if (incarnations_.size() < capacity_) {
      slot = static_cast<std::uint16_t>(incarnations_.size());
      incarnations_.push_back(0);
    } else {
      slot = released.front();
      released.pop_front();
    }
    if (++incarnations_[slot] == 0) ++incarnations_[slot];
    return {slot, incarnations_[slot]};
  }

  std::size_t capacity_;
  std::map<Key, Place> places_;
  std::deque<std::uint16_t> free_;  // longest free first
  std::vector<std::uint16_t> incarnations_;
};

}  // namespace yoke::control
