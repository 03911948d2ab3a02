// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/address_table.h"

namespace yoke::lb {

ServerTable::ServerTable(const HashKey& key, const std::vector<Row>& rows) {
  std::vector<std::pair<Key, std::uint16_t>> pairs;
  pairs.reserve(rows.size() * 2);
  for (const Row& row : rows) {
    pairs.emplace_back(Key{row.address, row.port, row.pool}, row.slot);
    pairs.emplace_back(Key{row.address, row.port, kAnyPool}, row.slot);
  }
  map_ = {Hash{key}, pairs};
}

ServiceTable::ServiceTable(const HashKey& key, const std::vector<Row>& rows) {
  std::vector<std::pair<Key, std::uint16_t>> pairs;
  pairs.reserve(rows.size());
  for (const Row& row : rows)
    pairs.emplace_back(Key{row.address, row.port, row.protocol}, row.slot);
  map_ = {Hash{key}, pairs};
}

}  // namespace yoke::lb
