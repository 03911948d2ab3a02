// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"

namespace yoke::api {

// What turns a PrefixList into the next one; one that is new is all added.
struct ListDifference {
  std::string name;
  std::vector<net::Prefix> added, gone;
  friend bool operator==(const ListDifference&, const ListDifference&) = default;
};

// What turns the Configuration that runs into the next one: little where little changes, however
// large both are. Threads: values, any.
struct Difference {
  std::string base;  // digest of the one it turns
  std::uint64_t revision = 0;
  std::vector<Pool> pools;  // new ones, and those that are not as they were
  std::vector<Vip> vips;    // likewise
  std::vector<std::string> pools_gone, vips_gone;
  std::vector<ListDifference> lists = {};
  std::vector<std::string> lists_gone = {};
  std::vector<Group> groups = {};  // all that there are then
  bool tells_groups = true;        // Configuration::tells_groups
  friend bool operator==(const Difference&, const Difference&) = default;
};

// Both have the same hash key. Servers' states count.
[[nodiscard]] Difference difference(const Configuration& from, const Configuration& to);
// `from` turned, its parts in the order of their names; base is the caller's business. What is gone
// and is not there is ignored.
[[nodiscard]] Configuration applied(const Configuration& from, const Difference& difference);

// Sets the states and response times of those servers that are there. True if one differs now.
bool apply(const std::vector<ServerStateChange>& changes, Configuration& configuration);

}  // namespace yoke::api
