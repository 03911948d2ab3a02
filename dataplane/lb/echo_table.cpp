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
    if (all) {
      const net::IpAddress address = at->first;
      for (auto one = at; one != end; ++one) guards_.push_back(*one->second);
      rows.emplace_back(address, Places{first, static_cast<std::uint32_t>(guards_.size())});
    }
    at = end;
  }
  if (!rows.empty()) map_ = {AddressHash{key}, rows};
}

}  // namespace yoke::lb
