// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mgmt/model/path.h"

namespace yoke::model {

// Records by path, in the order of their paths. Copies share what they have in common, a top-level
// record with all that lives in it at a time: a copy costs a pointer for each of those, and what
// differs between two copies is found without a look at what they share. Threads: a value; since
// copies share, all of them are owned by one.
class Records {
 public:
  using Tree = std::map<Path, Fields>;  // a top-level record and those that live in it
  class Iterator;

  [[nodiscard]] const Fields* find(const Path& path) const;
  [[nodiscard]] bool contains(const Path& path) const { return find(path) != nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  // The fields of the record, made where it is not there, to be changed at once: any other call
  // may share them again.
  [[nodiscard]] Fields& at(const Path& path);
  void erase(const Path& path);
  // The record with all below it.
  void erase_with_all_below(const Path& path);

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;
  // The first record that is not before `path`.
  [[nodiscard]] Iterator lower_bound(const Path& path) const;

  // Whether the top-level record of this path, with all below it, is one that both have in common:
  // if so it is the same, if not it may be so all the same.
  [[nodiscard]] bool shares(const Records& other, const Path& top) const;

  // Calls `see(path, before, after)` for each record that differs, in order; null where it is not
  // there.
  template <typename See>
  friend void for_each_difference(const Records& before, const Records& after, See see);
  friend bool operator==(const Records& a, const Records& b);

 private:
  // Kind and key of the top-level record.
  using Top = std::pair<std::string, std::string>;
  struct TopLess {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    static View view(const Top& top) { return {top.first, top.second}; }
    static View view(const View& top) { return top; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
  };
  using Trees = std::map<Top, std::shared_ptr<Tree>, TopLess>;

  [[nodiscard]] static TopLess::View top_of(const Path& path) {
    return {path.words[0], path.words.size() > 1 ? path.words[1] : std::string_view()};
  }
  [[nodiscard]] static Tree& unshared(std::shared_ptr<Tree>& tree);
  void drop_if_empty(Trees::iterator tree);

  Trees trees_;
  std::size_t size_ = 0;

 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Tree::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    Iterator() = default;
    reference operator*() const { return *record_; }
    pointer operator->() const { return &*record_; }
    Iterator& operator++() {
      ++record_;
      settle();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.tree_ == b.tree_ && (a.tree_ == a.end_ || a.record_ == b.record_);
    }

   private:
    friend class Records;
    Iterator(Trees::const_iterator tree, Trees::const_iterator end) : tree_(tree), end_(end) {
      if (tree_ != end_) record_ = tree_->second->begin();
    }
    // From the end of a tree to the beginning of the next; none is empty.
    void settle() {
      if (record_ == tree_->second->end() && ++tree_ != end_) record_ = tree_->second->begin();
    }

    Trees::const_iterator tree_, end_;
    Tree::const_iterator record_;
  };
};

// In the order of their keys, `see(key, before, after)` for every element of two sorted maps that
// is not the same in both; null where it is not there.
template <typename Map, typename Same, typename See>
void merge_sorted(const Map& before, const Map& after, Same same, See see) {
  auto old = before.begin();
  auto now = after.begin();
  const auto less = before.key_comp();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && less(old->first, now->first))) {
      see(old->first, &old->second, nullptr);
      ++old;
    } else if (old == before.end() || less(now->first, old->first)) {
      see(now->first, nullptr, &now->second);
      ++now;
    } else {
      if (!same(old->second, now->second)) see(now->first, &old->second, &now->second);
      ++old;
      ++now;
    }
  }
}

template <typename See>
void for_each_difference(const Records& before, const Records& after, See see) {
  using Held = std::shared_ptr<Records::Tree>;
  static const Records::Tree kNone;
  merge_sorted(
      before.trees_, after.trees_, [](const Held& a, const Held& b) { return a == b; },
      [&](const auto&, const Held* old, const Held* now) {
        merge_sorted(
            old == nullptr ? kNone : **old, now == nullptr ? kNone : **now,
            [](const Fields& a, const Fields& b) { return a == b; }, see);
      });
}

}  // namespace yoke::model
