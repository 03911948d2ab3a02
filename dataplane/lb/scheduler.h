// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/lb/maglev.h"
#include "dataplane/lb/snapshot.h"

// Which server takes a new flow.
//
// Maglev decides. Where the unit keeps the flow's state anyway (nat), a server that is ahead of its
// share by more than kSlack flows passes the flow to a second choice, if that one is less ahead
// (consistent hashing with bounded loads, Mirrokni et al., 2016). A hash alone leaves three servers
// 2.6 % from even after 3,000 flows (one standard deviation); this bound holds them within 2 %
// always, and moves one flow in forty. Moved flows are marked: they are what a peer cannot work out
// by itself. In dsr Maglev stands alone, so that a unit which lost its flows still sends each
// packet to the same server. Threads: owned by one worker.
namespace yoke::lb {

class Scheduler {
 public:
  static constexpr std::int64_t kSlack = 10;

  Scheduler();

  struct Choice {
    std::uint16_t server = 0;  // slot
    bool diverted = false;     // not the one Maglev implies
  };
  // The service must have a server. `hash` is the high half of flow_hash().
  [[nodiscard]] Choice choose(const Service& service, std::uint32_t hash) noexcept;

 private:
  struct Share {
    std::uint64_t table = 0;  // Maglev::digest() these counts belong to
    std::int64_t flows = 0;   // given out since
  };
  // How far the member is ahead of its share, in flows times total weight.
  [[nodiscard]] std::int64_t lead(const Maglev::Member& member, const Share& share,
                                  std::int64_t total_weight) const noexcept {
    return given_[member.server] * total_weight - share.flows * member.weight;
  }
  void start_over(Share& share, const Maglev& maglev) noexcept;

  std::vector<Share> shares_;        // by pool slot
  std::vector<std::int64_t> given_;  // by server slot
};

}  // namespace yoke::lb
