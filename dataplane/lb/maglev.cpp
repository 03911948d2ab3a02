// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/maglev.h"

#include <algorithm>
#include <numeric>

namespace yoke::lb {
namespace {

static_assert(limits::kServersPerPool <= 0xffff);  // members are indexed by 16 bits

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

// Which slots are taken, a bit each: the last turns look at many before they find a free one, and
// 8 KiB of bits stay in L1 where the table itself would not.
class Taken {
 public:
  explicit Taken(std::uint32_t slots) : words_((slots + 63) / 64) {}

  [[nodiscard]] bool test(std::uint32_t slot) const noexcept {
    return ((words_[slot / 64] >> (slot % 64)) & 1) != 0;
  }
  void set(std::uint32_t slot) noexcept { words_[slot / 64] |= std::uint64_t{1} << (slot % 64); }

 private:
  std::vector<std::uint64_t> words_;
};

// The slot a member takes at its turn.
std::uint32_t next_free(Walk& walk, const Taken& taken, std::uint32_t slots) noexcept {
  while (taken.test(walk.next)) {
    walk.next += walk.skip;
    if (walk.next >= slots) walk.next -= slots;
  }
  return walk.next;
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
  by_weight_.resize(members_.size());
  std::iota(by_weight_.begin(), by_weight_.end(), std::uint16_t{0});
  std::ranges::stable_sort(by_weight_, std::greater<>(),
                           [this](std::uint16_t i) { return members_[i].weight; });

  std::vector<Walk> walks;
  for (const Member& member : members_) {
    walks.push_back(walk_of(key, member.endpoint, slots));
    digest_ = HashKey::mix(digest_ ^ hash_address(key, member.endpoint.address, 2) ^
                           (std::uint64_t{member.endpoint.port} << 48) ^
                           (std::uint64_t{member.weight} << 32) ^ member.server);
  }
  table_.resize(slots);
  Taken taken(slots);
  for (std::uint32_t filled = 0; filled < slots;) {
    for (std::uint16_t i = 0; i < walks.size() && filled < slots; ++i) {
      walks[i].credit += members_[i].weight;
      if (walks[i].credit < heaviest) continue;
      walks[i].credit -= heaviest;
      const std::uint32_t slot = next_free(walks[i], taken, slots);
      taken.set(slot);
      table_[slot] = i;
      ++filled;
    }
  }
}

}  // namespace yoke::lb
