// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/outbox.h"

#include <rte_ethdev.h>

#include <bit>
#include <utility>

#include "dataplane/net/headers.h"

namespace yoke::io {
namespace {

// Calls `visit` with the place of each bit set.
template <typename Bits, typename Visit>
void for_each_bit(Bits bits, Visit&& visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<std::uint8_t>(std::countr_zero(bits)));
}

}  // namespace

Outbox::Outbox(std::uint8_t worker, std::vector<TxRoute> routes, Handover& handover,
               KernelPath* kernel, LeaseGate leases, lb::WorkerCounters& counters, Limits limits)
    : self_(worker),
      routes_(std::move(routes)),
      handover_(handover),
      kernel_(kernel),
      leases_(leases),
      counters_(counters),
      punt_budget_(limits.punts_per_s, limits.punt_burst),
      pair_budget_(kPairFramesPerS, kPairFramesPerS / 10),
      port_lanes_(routes_.size()),
      worker_lanes_(handover.workers()) {}

void Outbox::add(Frame frame, const lb::Verdict& verdict, lb::Tick now) noexcept {
  switch (verdict.action) {
    case lb::Action::kForward:
      return leave(frame, {.decided = true, .port = verdict.port, .group = verdict.group});
    case lb::Action::kReply:
      return leave(
          frame, {.decided = true, .is_reply = true, .port = verdict.port, .group = verdict.group});
    case lb::Action::kPunt:
      return punt(frame, now);
    case lb::Action::kHandOver:
      return hand_over(frame, verdict.worker, {.is_stray = verdict.is_stray, .is_guided = true});
    case lb::Action::kDrop:
      return rte_pktmbuf_free(frame);  // counted by the pipeline
    case lb::Action::kRedirect:
    case lb::Action::kWait:
      return drop(frame, net::Drop::kNoLease);  // the worker's, who takes them before
  }
}

void Outbox::drop(Frame frame, net::Drop reason) noexcept {
  counters_.drop(reason);
  rte_pktmbuf_free(frame);
}

void Outbox::leave(Frame frame, const Errand& errand, bool is_others) noexcept {
  if (errand.port >= routes_.size()) return drop(frame, net::Drop::kTxFull);
  if (const auto owner = routes_[errand.port].worker; owner != self_) {
    return hand_over(frame, owner, errand);
  }
  port_lanes_[errand.port].add(frame, errand.is_reply, errand.group, is_others);
  ports_in_use_ |= 1u << errand.port;
}

void Outbox::hand_over(Frame frame, std::uint8_t to, const Errand& errand) noexcept {
  if (to == self_ || to >= worker_lanes_.size()) return drop(frame, net::Drop::kHandoverFull);
  errand.write(frame);
  worker_lanes_[to].add(frame);
  workers_in_use_ |= std::uint64_t{1} << to;
}

bool Outbox::is_of_the_pair(Frame frame) noexcept {
  constexpr std::uint16_t kType = 0x88b5;  // mgmt/pair/daemon/README.md, "Links"
  return frame->data_len >= sizeof(net::EthernetHeader) &&
         net::header_at<net::EthernetHeader>(rte_pktmbuf_mtod(frame, const std::uint8_t*))
                 .type.host() == kType;
}

void Outbox::punt(Frame frame, lb::Tick now) noexcept {
  TokenBucket& budget = is_of_the_pair(frame) ? pair_budget_ : punt_budget_;
  if (!budget.take(now)) return drop(frame, net::Drop::kPuntLimit);
  punts_.add(frame);
}

void Outbox::flush(const lb::Snapshot& snapshot) noexcept {
  for_each_bit(std::exchange(ports_in_use_, 0),
               [&](std::uint8_t port) { flush_port(port, snapshot); });
  for_each_bit(std::exchange(workers_in_use_, 0), [&](std::uint8_t to) { flush_worker(to); });
  if (punts_.count > 0) flush_punts();
}

void Outbox::flush_port(std::uint8_t port, const lb::Snapshot& snapshot) noexcept {
  const Lane& lane = port_lanes_[port];
  const bool stands = (lane.groups_in_use & ~snapshot.standing) == 0;
  return stands ? send(port) : flush_in_pieces(port, snapshot);
}

// Also what another worker decided: it may have waited in the ring, for longer than that worker
// says that it has not looked.
void Outbox::flush_in_pieces(std::uint8_t port, const lb::Snapshot& snapshot) noexcept {
  Lane& lane = port_lanes_[port];
  const Lane all = lane;
  lane.clear();
  for (std::uint32_t i = 0; i < all.count;) {
    const lb::GroupSet served = leases_.served(snapshot);
    const bool are_all = (all.groups_in_use & ~served) == 0;
    const lb::GroupSet drained = are_all ? served : leases_.drained(snapshot);
    for (; i < all.count && lane.count < routes_[port].piece; ++i) {
      const lb::GroupSet group = lb::group_bit(all.groups[i]);
      const bool is_others = (all.others >> i & 1) != 0;
      if (((is_others ? served : drained) & group) != 0) {
        lane.add(all.frames[i], (all.replies >> i & 1) != 0, all.groups[i]);
      } else {
        unserved_ |= group;
        drop(all.frames[i], net::Drop::kNoLease);
      }
    }
    if (lane.count > 0) send(port);
  }
}

void Outbox::send(std::uint8_t port) noexcept {
  Lane& lane = port_lanes_[port];
  const auto sent = rte_eth_tx_burst(routes_[port].port_id, routes_[port].queue, lane.frames.data(),
                                     static_cast<std::uint16_t>(lane.count));
  const auto first = static_cast<std::uint32_t>((std::uint64_t{1} << sent) - 1);
  const auto replies = static_cast<unsigned>(std::popcount(lane.replies & first));
  counters_.replied.add(replies);
  counters_.tx.add(sent - replies);
  drop_rest(lane, sent, net::Drop::kTxFull);
}

void Outbox::flush_worker(std::uint8_t to) noexcept {
  Lane& lane = worker_lanes_[to];
  const unsigned taken = handover_.give(self_, to, {lane.frames.data(), lane.count});
  counters_.handed_over.add(taken);
  drop_rest(lane, taken, net::Drop::kHandoverFull);
}

void Outbox::flush_punts() noexcept {
  const unsigned taken =
      kernel_ == nullptr ? 0 : kernel_->punt(self_, {punts_.frames.data(), punts_.count});
  counters_.punted.add(taken);
  drop_rest(punts_, taken, net::Drop::kPuntFull);
}

void Outbox::drop_rest(Lane& lane, unsigned taken, net::Drop reason) noexcept {
  if (taken < lane.count) {
    counters_.drop(reason, lane.count - taken);
    rte_pktmbuf_free_bulk(&lane.frames[taken], lane.count - taken);
  }
  lane.clear();
}

}  // namespace yoke::io
