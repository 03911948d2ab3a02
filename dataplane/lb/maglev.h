// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/lb/flow_hash.h"
#include "dataplane/limits.h"
#include "dataplane/net/address.h"

// Maglev consistent hashing (Eisenbud et al., NSDI 2016, section 3.4), with weights.
//
// Every server fills slots in an order of its own, derived from its address and the key; servers
// take turns in proportion to their weights. So each gets its share of slots to within one turn,
// and when one leaves, nearly all slots of the others stay as they are. The same servers and key
// give the same table whatever their order: two units of a pair agree without talking. Threads:
// built by control, then constant and read by any.
namespace yoke::lb {

class Maglev {
 public:
  struct Member {
    net::Endpoint endpoint;    // identity: decides the order in which slots are filled
    std::uint16_t server = 0;  // slot in Snapshot::servers
    std::uint16_t weight = 1;  // 1 to limits::kWeightMax
    friend bool operator==(const Member&, const Member&) = default;
  };

  // Members of weight 0 take no part. `slots` is prime and above the number of members.
  Maglev(const HashKey& key, std::span<const Member> members,
         std::uint32_t slots = limits::kMaglevSlots);

  [[nodiscard]] bool empty() const noexcept { return members_.empty(); }
  [[nodiscard]] std::span<const Member> members() const noexcept { return members_; }
  [[nodiscard]] std::uint32_t total_weight() const noexcept { return total_weight_; }
  // One number for this very table: schedulers forget what they counted when it changes.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

  // The member for a flow; the table must not be empty.
  [[nodiscard]] const Member& pick(std::uint32_t hash) const noexcept {
    return members_[table_[slot_of(hash)]];
  }
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t hash) const noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{hash} * table_.size()) >> 32);
  }
  [[nodiscard]] std::span<const std::uint16_t> table() const noexcept { return table_; }
  // Indices into members(), the heaviest first: of any weight up, a beginning of it.
  [[nodiscard]] std::span<const std::uint16_t> by_weight() const noexcept { return by_weight_; }

 private:
  std::vector<Member> members_;       // by endpoint
  std::vector<std::uint16_t> table_;  // slot -> index into members_
  std::vector<std::uint16_t> by_weight_;
  std::uint32_t total_weight_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace yoke::lb
