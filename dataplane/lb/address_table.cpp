// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/address_table.h"

namespace yoke::lb {

AddressTable::AddressTable(const HashKey& key, const std::vector<net::IpAddress>& addresses) {
  std::vector<std::pair<net::IpAddress, Nothing>> rows;
  rows.reserve(addresses.size());
  for (const auto& address : addresses) rows.emplace_back(address, Nothing{});
  map_ = {AddressHash{key}, rows};
}

ServiceTable::ServiceTable(const HashKey& key, const std::vector<Row>& rows) {
  std::vector<std::pair<Key, std::uint16_t>> pairs;
  pairs.reserve(rows.size());
  for (const Row& row : rows)
    pairs.emplace_back(Key{row.address, row.port, row.protocol}, row.slot);
  map_ = {Hash{key}, pairs};
}

}  // namespace yoke::lb
