// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/echo_table.h"

#include <algorithm>

namespace yoke::lb {

EchoTable::EchoTable(const HashKey& key,
                     std::vector<std::pair<net::IpAddress, const Guard*>> services) {
  std::ranges::stable_sort(services, {}, &std::pair<net::IpAddress, const Guard*>::first);
  std::vector<std::pair<net::IpAddress, Places>> rows;
  for (auto at = services.begin(); at != services.end();) {
    const auto first = static_cast<std::uint32_t>(guards_.size());
    const auto end = std::find_if(at, services.end(),
                                  [at](const auto& other) { return other.first != at->first; });
    const bool all = std::all_of(at, end, [](const auto& one) { return one.second != nullptr; });
    for (auto one = at; all && one != end; ++one) add_if_new(*one->second, first);
    if (all && guards_.size() - first <= kListsMax) {
      rows.emplace_back(at->first, Places{first, static_cast<std::uint32_t>(guards_.size())});
    } else {
      guards_.resize(first);
    }
    at = end;
  }
  if (!rows.empty()) map_ = {AddressHash{key}, rows};
}

// Services of an address mostly have the same lists.
void EchoTable::add_if_new(const Guard& guard, std::size_t first) {
  const auto is_same = [&](const Guard& known) {
    return known.allow == guard.allow && known.deny == guard.deny;
  };
  if (guards_.size() - first > kListsMax) return;
  const auto begin = guards_.begin() + static_cast<std::ptrdiff_t>(first);
  if (std::none_of(begin, guards_.end(), is_same)) guards_.push_back(guard);
}

}  // namespace yoke::lb
