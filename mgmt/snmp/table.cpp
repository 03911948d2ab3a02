// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/table.h"

#include <algorithm>
#include <utility>

namespace yoke::snmp {
namespace {

bool starts_with(OidView name, OidView prefix) {
  return name.size() >= prefix.size() && std::ranges::equal(name.first(prefix.size()), prefix);
}

bool is_less(OidView a, OidView b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

Table::Table(const Group& group, nlohmann::json rows) : group_(group) {
  if (!rows.is_array()) return;
  rows_ = std::move(rows.get_ref<nlohmann::json::array_t&>());
  entries_.reserve(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (auto index = index_of(group, rows_[i])) entries_.push_back({std::move(*index), i});
  }
  std::ranges::stable_sort(entries_, {}, &Entry::index);
  // clang 14 does not take the std::ranges::unique of this library.
  const auto is_same = [](const Entry& a, const Entry& b) { return a.index == b.index; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), is_same), entries_.end());
}

Oid Table::prefix() const {
  return group_.index == Index::kNone ? Oid{group_.number} : Oid{group_.number, 1};
}

const Column* Table::column(OidView name) const {
  const Oid before = prefix();
  if (!starts_with(name, before) || name.size() == before.size()) return nullptr;
  const auto found = std::ranges::find(group_.columns, name[before.size()], &Column::number);
  return found == group_.columns.end() ? nullptr : &*found;
}

bool Table::has_object(OidView name) const { return column(name) != nullptr; }

std::optional<Value> Table::get(OidView name) const {
  const Column* const wanted = column(name);
  if (wanted == nullptr) return std::nullopt;
  const OidView index = name.subspan(prefix().size() + 1);
  const auto found = std::ranges::lower_bound(entries_, index, is_less, &Entry::index);
  if (found == entries_.end() || !std::ranges::equal(found->index, index)) return std::nullopt;
  return value_of(*wanted, rows_[found->row]);
}

std::optional<Binding> Table::next(OidView name) const {
  const Oid before = prefix();
  if (!starts_with(name, before)) {
    return is_less(name, before) ? first_from(0, entries_.begin()) : std::nullopt;
  }
  if (name.size() == before.size()) return first_from(0, entries_.begin());
  const auto at =
      std::ranges::lower_bound(group_.columns, name[before.size()], {}, &Column::number);
  if (at == group_.columns.end()) return std::nullopt;
  const auto column = static_cast<std::size_t>(at - group_.columns.begin());
  if (at->number != name[before.size()]) return first_from(column, entries_.begin());
  const OidView index = name.subspan(before.size() + 1);
  return first_from(column, std::ranges::upper_bound(entries_, index, is_less, &Entry::index));
}

std::optional<Binding> Table::first_from(std::size_t column,
                                         std::vector<Entry>::const_iterator entry) const {
  for (; column < group_.columns.size(); ++column, entry = entries_.begin()) {
    for (; entry != entries_.end(); ++entry) {
      auto value = value_of(group_.columns[column], rows_[entry->row]);
      if (!value) continue;
      Oid oid = prefix();
      oid.push_back(group_.columns[column].number);
      oid.insert(oid.end(), entry->index.begin(), entry->index.end());
      return Binding{std::move(oid), std::move(*value)};
    }
  }
  return std::nullopt;
}

std::vector<Binding> Table::row(const Oid& index) const {
  std::vector<Binding> bindings;
  for (const Column& column : group_.columns) {
    Oid oid = prefix();
    oid.push_back(column.number);
    oid.insert(oid.end(), index.begin(), index.end());
    if (auto value = get(oid)) bindings.push_back({std::move(oid), std::move(*value)});
  }
  return bindings;
}

}  // namespace yoke::snmp
