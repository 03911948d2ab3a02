// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "dataplane/api/messages.h"

// The digest walks the configuration in one order, whatever order it came in, and feeds every field
// with its length to FNV-1a (64 bits): no two different walks feed the same bytes. It hashes
// values, not their JSON, so that a new way of writing a message changes no digest.
namespace yoke::api {
namespace {

class Fnv {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    add(bytes.size());
    for (const auto byte : bytes) mix(byte);
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text) mix(static_cast<std::uint8_t>(c));
  }
  void add(std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      mix(static_cast<std::uint8_t>(number >> shift));
  }
  void add(const net::Endpoint& endpoint) {
    add(endpoint.address.octets());
    add(std::uint64_t{endpoint.port});
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

// In front of what is not always there, as is the number below it; no name is so long.
constexpr std::uint64_t kMore = ~std::uint64_t{0};

template <typename T, typename Key>
std::vector<const T*> sorted(const std::vector<T>& items, Key T::*key) {
  std::vector<const T*> order;
  order.reserve(items.size());
  for (const auto& item : items) order.push_back(&item);
  std::sort(order.begin(), order.end(),
            [key](const T* a, const T* b) { return a->*key < b->*key; });
  return order;
}

void add_pool(Fnv& hash, const Pool& pool) {
  hash.add(pool.name);
  // In one number, so that a pool of Maglev has the digest that a release before gives it, and any
  // other has one that it does not.
  hash.add(static_cast<std::uint64_t>(pool.method) | static_cast<std::uint64_t>(pool.scheduler)
                                                         << 8);
  hash.add(pool.servers.size());
  for (const Server* server : sorted(pool.servers, &Server::endpoint)) {
    hash.add(server->endpoint);
    hash.add(std::uint64_t{server->weight});
  }
}

// Where there are none, nothing: as releases before knew them.
void add_guard(Fnv& hash, const Vip& vip) {
  if (vip.allow.empty() && vip.deny.empty() && vip.limits == FlowLimits()) return;
  hash.add(kMore);
  hash.add(vip.allow);
  hash.add(vip.deny);
  hash.add(std::uint64_t{vip.limits.max_flows});
  hash.add(std::uint64_t{vip.limits.new_flow_rate});
  hash.add(std::uint64_t{vip.limits.client_new_flow_rate});
  hash.add(std::uint64_t{vip.limits.client_length_v4});
  hash.add(std::uint64_t{vip.limits.client_length_v6});
}

void add_group(Fnv& hash, const std::string& group) {
  if (group.empty()) return;
  hash.add(kMore - 1);
  hash.add(group);
}

void add_sync(Fnv& hash, FlowSync sync) {
  if (sync == FlowSync::kSync) return;
  hash.add(kMore - 2);
  hash.add(static_cast<std::uint64_t>(sync));
}

void add_vip(Fnv& hash, const Vip& vip) {
  hash.add(vip.name);
  hash.add(vip.address.endpoint);
  hash.add(static_cast<std::uint64_t>(vip.address.protocol));
  hash.add(vip.pool);
  hash.add(vip.snat.size());
  for (const auto& address : vip.snat) hash.add(address.octets());  // their order is used
  hash.add(std::uint64_t{vip.idle_timeout_s});
  add_guard(hash, vip);
  add_group(hash, vip.group);
  add_sync(hash, vip.sync);
}

void add_lists(Fnv& hash, const std::vector<PrefixList>& lists) {
  if (lists.empty()) return;
  hash.add(kMore);
  hash.add(lists.size());
  for (const PrefixList* list : sorted(lists, &PrefixList::name)) {
    hash.add(list->name);
    hash.add(list->prefixes.size());
    hash.add(list->prefixes.digest());
  }
}

void add_groups(Fnv& hash, const std::vector<Group>& groups) {
  if (groups.empty()) return;
  hash.add(kMore - 1);
  hash.add(groups.size());
  for (const Group* group : sorted(groups, &Group::name)) {
    hash.add(group->name);
    hash.add(static_cast<std::uint64_t>(group->lease));
  }
}

}  // namespace

std::string digest(const Configuration& configuration) {
  Fnv hash;
  hash.add(configuration.hash_key);
  hash.add(configuration.pools.size());
  for (const Pool* pool : sorted(configuration.pools, &Pool::name)) add_pool(hash, *pool);
  hash.add(configuration.vips.size());
  for (const Vip* vip : sorted(configuration.vips, &Vip::name)) add_vip(hash, *vip);
  add_lists(hash, configuration.lists);
  add_groups(hash, configuration.groups);
  return fmt::format("{:016x}", hash.value());
}

}  // namespace yoke::api
