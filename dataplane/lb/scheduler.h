// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/lb/maglev.h"
#include "dataplane/lb/snapshot.h"

// Which server takes a new flow: one of the pool's Maglev table, as the service's Scheduling says.
//
// kMaglev: the table decides. Where the unit keeps the flow's state anyway (nat), a server that is
// ahead of its share by more than kSlack flows passes the flow to a second choice, if that one is
// less ahead (consistent hashing with bounded loads, Mirrokni et al., 2016). A hash alone leaves
// three servers 2.6 % from even after 3,000 flows (one standard deviation); this bound holds them
// within 2 % always, and moves one flow in forty. In dsr the table stands alone, so that a unit
// which lost its flows still sends each packet to the same server.
//
// kSourceHash: the table decides by the client's address alone.
//
// kRoundRobin: in turns. There are as many rounds as the greatest weight, and in each of them those
// of at least its number take one.
//
// kLeastConnections: the server with the fewest open flows for its weight; of a pool of more than
// kWholeLook servers, the better of two that the table draws.
//
// kResponseTime: the table draws two. The cost of a server is its response time x (open flows /
// weight + 1). Where the first costs more than the second, it keeps of its flows only the part that
// the second's cost is of its own. So a server twice as slow gets half of its share, small
// differences move few flows, and no server goes from all to nothing: what damps the loop from load
// to time and back. Equal costs leave each its share by weight.
//
// Workers count for themselves: flows reach them at random, so the open flows of one are the same
// part of every server's. Flows that are not where the table implies are marked: they are what a
// peer, or this unit without its flows, cannot work out. Threads: owned by one worker.
namespace yoke::lb {

class Scheduler {
 public:
  static constexpr std::int64_t kSlack = 10;
  static constexpr std::size_t kWholeLook = 32;

  Scheduler();

  // Of whom the flow is.
  struct Newcomer {
    std::uint32_t hash = 0;  // the high half of flow_hash()
    net::IpAddress client;
    bool begins = true;  // no segment from the middle of a connection
  };
  struct Choice {
    std::uint16_t server = 0;  // slot
    bool diverted = false;     // not the one that the table implies
  };
  // The service must have a server. One who does not begin goes where the table implies: that is
  // where he was sent if the table chose, and as good as any other if it did not.
  [[nodiscard]] Choice choose(const Snapshot& snapshot, const Service& service,
                              const Newcomer& newcomer) noexcept;
  // The slot of the server that the service's table implies, whatever else there is.
  [[nodiscard]] static std::uint16_t implied(const Snapshot& snapshot, const Service& service,
                                             const Newcomer& newcomer) noexcept;

  // To be told of every flow, whatever the scheduling: as it opens, and as it closes or is
  // forgotten open. A server is its slot and its incarnation.
  void opened(std::uint16_t server, std::uint16_t incarnation) noexcept;
  void closed(std::uint16_t server, std::uint16_t incarnation) noexcept;
  [[nodiscard]] std::uint32_t open(std::uint16_t server, std::uint16_t incarnation) const noexcept {
    const Load& load = loads_[server];
    return load.incarnation == incarnation ? load.open : 0;
  }

 private:
  using Member = Maglev::Member;
  struct Share {
    std::uint64_t table = 0;  // Maglev::digest() these counts belong to
    std::int64_t flows = 0;   // given out since
  };
  struct Turn {
    std::uint64_t table = 0;  // Maglev::digest() it belongs to
    std::uint16_t next = 0;   // in by_weight()
    std::uint16_t round = 1;  // servers of at least this weight take part
  };
  struct Load {
    std::uint32_t open = 0;
    std::uint16_t incarnation = 0;
  };
  using Servers = std::vector<Server>;

  // How far the member is ahead of its share, in flows times total weight.
  [[nodiscard]] std::int64_t lead(const Member& member, const Share& share,
                                  std::int64_t total_weight) const noexcept {
    return given_[member.server] * total_weight - share.flows * member.weight;
  }
  void start_over(Share& share, const Maglev& maglev) noexcept;
  [[nodiscard]] const Member& within_share(const Service& service, std::uint32_t hash) noexcept;
  [[nodiscard]] const Member& next_in_turn(const Service& service) noexcept;
  [[nodiscard]] const Member& least_loaded(const Service& service, const Servers& servers,
                                           std::uint32_t hash) const noexcept;
  [[nodiscard]] const Member& quicker(const Service& service, const Servers& servers,
                                      std::uint32_t hash) const noexcept;
  [[nodiscard]] bool is_less_loaded(const Member& a, const Member& b, const Servers& servers,
                                    Method method) const noexcept;

  std::vector<Share> shares_;        // by pool slot
  std::vector<Turn> turns_;          // by pool slot
  std::vector<std::int64_t> given_;  // by server slot
  std::vector<Load> loads_;          // by server slot
};

}  // namespace yoke::lb
