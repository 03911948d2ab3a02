// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
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

  using Entry = std::pair<Key, Place>;

  // These slots for exactly `keys`, which are sorted, each there once, and at most `capacity`.
  [[nodiscard]] Slots following(const std::vector<Key>& keys) const {
    Slots next(capacity_);
    next.free_ = free_;
    next.incarnations_ = incarnations_;
    next.places_.reserve(keys.size());
    std::deque<std::uint16_t> released;
    auto at = places_.begin();
    std::vector<std::size_t> comers;  // in next.places_
    for (const Key& key : keys) {
      for (; at != places_.end() && at->first < key; ++at) released.push_back(at->second.slot);
      if (at != places_.end() && at->first == key) {
        next.places_.push_back(*at++);
      } else {
        comers.push_back(next.places_.size());
        next.places_.emplace_back(key, Place{});
      }
    }
    for (; at != places_.end(); ++at) released.push_back(at->second.slot);
    for (const std::size_t comer : comers) next.places_[comer].second = next.give(released);
    next.free_.insert(next.free_.end(), released.begin(), released.end());
    return next;
  }
  // Each first, which is there, goes by the name of its second, which is not, and stays where it
  // is.
  void rename(const std::map<Key, Key>& names) {
    if (names.empty()) return;
    for (Entry& entry : places_) {
      const auto name = names.find(entry.first);
      if (name != names.end()) entry.first = name->second;
    }
    std::ranges::sort(places_, {}, &Entry::first);
  }

  [[nodiscard]] const Place* find(const Key& key) const {
    const auto at = std::ranges::lower_bound(places_, key, {}, &Entry::first);
    return at == places_.end() || at->first != key ? nullptr : &at->second;
  }
  // By key.
  [[nodiscard]] const std::vector<Entry>& all() const noexcept { return places_; }
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
  std::vector<Entry> places_;       // sorted: copied and gone through far more often than changed
  std::deque<std::uint16_t> free_;  // longest free first
  std::vector<std::uint16_t> incarnations_;
};

}  // namespace yoke::control
