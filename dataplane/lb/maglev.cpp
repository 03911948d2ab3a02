// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/maglev.h"

#include <algorithm>

namespace yoke::lb {
namespace {

constexpr std::uint16_t kFree = 0xffff;
static_assert(limits::kServersPerPool < kFree);

// A member's own order of slots: a walk by `skip` from `next`, which visits all since the number of
// slots is prime.
struct Walk {
  std::uint32_t next, skip;
  std::uint32_t credit = 0;
};

Walk walk_of(const HashKey& key, const net::Endpoint& endpoint, std::uint32_t slots) {
  const std::uint64_t h =
      fold_product(hash_address(key, endpoint.address, 2), key.lane(7) ^ endpoint.port);
  const std::uint64_t g = HashKey::mix(h ^ key.lane(4));
  return {static_cast<std::uint32_t>(h % slots), static_cast<std::uint32_t>(g % (slots - 1)) + 1};
}

void take_turn(Walk& walk, std::vector<std::uint16_t>& table, std::uint16_t member) {
  const auto slots = static_cast<std::uint32_t>(table.size());
  while (table[walk.next] != kFree) {
    walk.next += walk.skip;
    if (walk.next >= slots) walk.next -= slots;
  }
  table[walk.next] = member;
}

}  // namespace

Maglev::Maglev(const HashKey& key, std::span<const Member> members, std::uint32_t slots) {
  std::uint32_t heaviest = 0;
  for (const Member& member : members) {
    if (member.weight == 0) continue;
    members_.push_back(member);
    total_weight_ += member.weight;
    heaviest = std::max<std::uint32_t>(heaviest, member.weight);
  }
  std::sort(members_.begin(), members_.end(),
            [](const Member& a, const Member& b) { return a.endpoint < b.endpoint; });
  if (members_.empty()) return;

  std::vector<Walk> walks;
  for (const Member& member : members_) {
    walks.push_back(walk_of(key, member.endpoint, slots));
    digest_ = HashKey::mix(digest_ ^ hash_address(key, member.endpoint.address, 2) ^
                           (std::uint64_t{member.endpoint.port} << 48) ^
                           (std::uint64_t{member.weight} << 32) ^ member.server);
  }
  table_.assign(slots, kFree);
  for (std::uint32_t filled = 0; filled < slots;) {
    for (std::uint16_t i = 0; i < walks.size() && filled < slots; ++i) {
      walks[i].credit += members_[i].weight;
      if (walks[i].credit < heaviest) continue;
      walks[i].credit -= heaviest;
      take_turn(walks[i], table_, i);
      ++filled;
    }
  }
}

}  // namespace yoke::lb
