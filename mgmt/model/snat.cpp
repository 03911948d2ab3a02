// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/snat.h"

#include <string>
#include <string_view>

#include "mgmt/model/words.h"

namespace yoke::model {

namespace {

std::vector<net::IpAddress> read_addresses(const std::string& list) {
  std::vector<net::IpAddress> addresses;
  if (list.empty()) return addresses;
  for (const std::string_view part : split_list(list)) {
    if (const auto address = net::IpAddress::parse(part)) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

std::vector<net::IpAddress> snat_pool_addresses(const Config& config, const std::string& pool) {
  return read_addresses(config.value(Path{{"snat-pool", pool}}, "addresses"));
}

std::vector<net::IpAddress> snat_addresses(const Config& config, const Path& vip) {
  if (auto own = read_addresses(config.value(vip, "snat")); !own.empty()) return own;
  const std::string pool = config.value(vip, "snat-pool");
  return pool.empty() ? std::vector<net::IpAddress>{} : snat_pool_addresses(config, pool);
}

}  // namespace yoke::model
