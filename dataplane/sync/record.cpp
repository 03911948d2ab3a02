// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/record.h"

#include <algorithm>

#include "dataplane/lb/snapshot.h"

namespace yoke::sync {

using lb::FlowState;
using net::Protocol;

BucketRecord BucketRecord::make(Kind kind, std::uint32_t walk, const lb::BucketSet& set) noexcept {
  BucketRecord record;
  record.kind = kind;
  record.walk = net::Be32::from_host(walk);
  for (std::size_t i = 0; i < set.words.size(); ++i) {
    record.buckets[i] = net::Be64::from_host(set.words[i]);
  }
  return record;
}

lb::BucketSet BucketRecord::set() const noexcept {
  lb::BucketSet set;
  for (std::size_t i = 0; i < set.words.size(); ++i) set.words[i] = buckets[i].host();
  return set;
}

std::uint64_t key_digest(const lb::HashKey& key) noexcept { return lb::flow_hash(key, {}) | 1; }

bool is_sound(const FlowRecord& record) noexcept {
  const bool is_udp = record.protocol == static_cast<std::uint8_t>(Protocol::kUdp);
  if (!is_udp && record.protocol != static_cast<std::uint8_t>(Protocol::kTcp)) return false;
  if (record.state == 0 || record.state > wire_state(FlowState::kReset)) return false;
  const bool is_of_one_kind = is_udp == (record.state <= wire_state(FlowState::kUdp));
  if (record.kind == Kind::kDelete) return is_of_one_kind;  // it need not say where it went
  const bool is_v4 = record.vip.is_v4();
  const bool is_nat = (record.flags & FlowRecord::kNat) != 0;
  return is_of_one_kind && record.client.is_v4() == is_v4 && record.server.is_v4() == is_v4 &&
         (!is_nat || record.snat.is_v4() == is_v4);
}

static_assert(static_cast<int>(lb::ServerState::kUp) == 0 &&
              static_cast<int>(lb::ServerState::kDown) == 1 &&
              static_cast<int>(lb::ServerState::kDraining) == 2);

bool is_sound(const ServerRecord& record) noexcept {
  return record.state > 0 &&
         record.state <= static_cast<std::uint8_t>(lb::ServerState::kDraining) + 1 &&
         record.port.host() != 0 && record.pool.back() == '\0';
}

}  // namespace yoke::sync
