// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/difference.h"

#include <map>
#include <set>
#include <string_view>

namespace yoke::api {
namespace {

template <typename T>
std::map<std::string_view, const T*> by_name(const std::vector<T>& items) {
  std::map<std::string_view, const T*> named;
  for (const T& item : items) named.emplace(item.name, &item);
  return named;
}

template <typename T>
void find_differences(const std::vector<T>& from, const std::vector<T>& to, std::vector<T>& differ,
                      std::vector<std::string>& gone) {
  auto before = by_name(from);
  for (const T& item : to) {
    const auto known = before.find(item.name);
    if (known == before.end()) {
      differ.push_back(item);
      continue;
    }
    if (!(*known->second == item)) differ.push_back(item);
    before.erase(known);
  }
  for (const auto& [name, item] : before) gone.emplace_back(name);
}

template <typename T>
std::vector<T> replaced(const std::vector<T>& from, const std::vector<T>& differ,
                        const std::vector<std::string>& gone) {
  auto named = by_name(from);
  for (const std::string& name : gone) named.erase(name);
  for (const T& item : differ) named[item.name] = &item;
  std::vector<T> items;
  items.reserve(named.size());
  for (const auto& [name, item] : named) items.push_back(*item);
  return items;
}

void find_list_differences(const std::vector<PrefixList>& from, const std::vector<PrefixList>& to,
                           Difference& difference) {
  std::vector<PrefixList> differ;
  find_differences(from, to, differ, difference.lists_gone);
  const auto before = by_name(from);
  for (const PrefixList& list : differ) {
    const auto known = before.find(list.name);
    const PrefixSet old = known == before.end() ? PrefixSet() : known->second->prefixes;
    difference.lists.push_back({list.name, not_in(list.prefixes, old), not_in(old, list.prefixes)});
  }
}

std::vector<PrefixList> lists_after(const std::vector<PrefixList>& from,
                                    const Difference& difference) {
  const auto before = by_name(from);
  std::vector<PrefixList> differ;
  std::set<std::string_view> seen;  // told twice, each would be another copy of a long list
  for (const ListDifference& list : difference.lists) {
    if (!seen.insert(list.name).second) continue;
    const auto known = before.find(list.name);
    const PrefixSet old = known == before.end() ? PrefixSet() : known->second->prefixes;
    differ.push_back({list.name, changed(old, list.added, list.gone)});
  }
  return replaced(from, differ, difference.lists_gone);
}

}  // namespace

Difference difference(const Configuration& from, const Configuration& to) {
  Difference difference;
  difference.base = digest(from);
  difference.revision = to.revision;
  find_differences(from.pools, to.pools, difference.pools, difference.pools_gone);
  find_differences(from.vips, to.vips, difference.vips, difference.vips_gone);
  find_list_differences(from.lists, to.lists, difference);
  difference.groups = to.groups;
  difference.tells_groups = to.tells_groups;
  return difference;
}

Configuration applied(const Configuration& from, const Difference& difference) {
  return {.revision = difference.revision,
          .hash_key = from.hash_key,
          .pools = replaced(from.pools, difference.pools, difference.pools_gone),
          .vips = replaced(from.vips, difference.vips, difference.vips_gone),
          .lists = lists_after(from.lists, difference),
          .groups = difference.groups,
          .tells_groups = difference.tells_groups};
}

bool apply(const std::vector<ServerStateChange>& changes, Configuration& configuration) {
  std::map<std::string_view, std::map<net::Endpoint, const ServerStateChange*>> states;
  for (const auto& change : changes) states[change.pool][change.server] = &change;
  bool differs = false;
  for (Pool& pool : configuration.pools) {
    const auto told = states.find(pool.name);
    if (told == states.end()) continue;
    for (Server& server : pool.servers) {
      const auto state = told->second.find(server.endpoint);
      if (state == told->second.end()) continue;
      const ServerStateChange& change = *state->second;
      differs = differs || change.state != server.state || change.response_us != server.response_us;
      server.state = change.state;
      server.response_us = change.response_us;
    }
  }
  return differs;
}

}  // namespace yoke::api
