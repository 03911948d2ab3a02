// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataplane/net/address.h"
#include "mgmt/health/check.h"
#include "mgmt/model/config.h"

// What a configuration wants tracked: plain values. PURE. Threads: any.
namespace yoke::tracking {

struct Item {
  std::string key;       // "gateway:isp"
  health::Check check;   // how it is looked at; of kind icmp, script, link, pool or process
  net::Endpoint server;  // who is asked; of gateways alone
  unsigned weight = 0;   // 0: without it the unit may hold nothing
  std::vector<std::string> groups;  // empty: all

  friend bool operator==(const Item&, const Item&) = default;
};

// By their keys. None where the unit stands alone. `config` violates no rule.
[[nodiscard]] std::vector<Item> items_of(const model::Config& config);

}  // namespace yoke::tracking
