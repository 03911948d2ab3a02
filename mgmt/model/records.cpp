// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/records.h"

#include <algorithm>

namespace yoke::model {

const Fields* Records::find(const Path& path) const {
  if (path.words.empty()) return nullptr;
  const auto tree = trees_.find(top_of(path));
  if (tree == trees_.end()) return nullptr;
  const auto found = tree->second->find(path);
  return found == tree->second->end() ? nullptr : &found->second;
}

bool Records::shares(const Records& other, const Path& top) const {
  const auto mine = trees_.find(top_of(top));
  const auto others = other.trees_.find(top_of(top));
  return mine != trees_.end() && others != other.trees_.end() && mine->second == others->second;
}

Records::Tree& Records::unshared(std::shared_ptr<Tree>& tree) {
  if (tree.use_count() > 1) tree = std::make_shared<Tree>(*tree);
  return *tree;
}

Fields& Records::at(const Path& path) {
  const auto [kind, key] = top_of(path);
  auto tree = trees_.find(TopLess::View(kind, key));
  if (tree == trees_.end()) {
    tree = trees_.emplace(Top(kind, key), std::make_shared<Tree>()).first;
  }
  const auto [record, is_new] = unshared(tree->second).try_emplace(path);
  if (is_new) ++size_;
  return record->second;
}

void Records::erase(const Path& path) {
  if (!contains(path)) return;
  const auto tree = trees_.find(top_of(path));
  size_ -= unshared(tree->second).erase(path);
  drop_if_empty(tree);
}

void Records::erase_with_all_below(const Path& path) {
  if (!contains(path)) return;
  const auto tree = trees_.find(top_of(path));
  Tree& records = unshared(tree->second);
  const auto first = records.find(path);
  auto end = first;
  while (end != records.end() && end->first.is_at_or_below(path)) ++end;
  size_ -= static_cast<std::size_t>(std::distance(first, end));
  records.erase(first, end);
  drop_if_empty(tree);
}

void Records::drop_if_empty(Trees::iterator tree) {
  if (tree->second->empty()) trees_.erase(tree);
}

Records::Iterator Records::begin() const { return {trees_.begin(), trees_.end()}; }
Records::Iterator Records::end() const { return {trees_.end(), trees_.end()}; }

Records::Iterator Records::lower_bound(const Path& path) const {
  Iterator at(trees_.lower_bound(top_of(path)), trees_.end());
  if (at.tree_ == at.end_) return at;
  at.record_ = at.tree_->second->lower_bound(path);
  at.settle();
  return at;
}

bool operator==(const Records& a, const Records& b) {
  if (a.size_ != b.size_ || a.trees_.size() != b.trees_.size()) return false;
  return std::equal(a.trees_.begin(), a.trees_.end(), b.trees_.begin(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && (x.second == y.second || *x.second == *y.second);
                    });
}

}  // namespace yoke::model
