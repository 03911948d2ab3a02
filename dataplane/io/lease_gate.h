// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/api/lease_page.h"
#include "dataplane/lb/snapshot.h"

// What of the unit's VIPs may be served at this moment: a look at the clock and one cache line for
// each group that is held, none of either where there is no such group. Asked for each burst, and
// again before it is sent: it may have waited in between for as long as a machine can stand still.
//
// What is left. A frame leaves after the expiry where it was looked at before, and the thread stood
// still behind that: later by as long as that lasts (a preemption, SIGSTOP, a stopped machine), and
// by nothing that this process could bound. What is bounded is how many: of each worker and port
// the frames between two looks, a burst of 32 for a NIC, whose driver takes it in some hundred
// cycles, and 8 for any other device (TxRoute::piece), which makes a system call for them, of some
// 10 us, in which the kernel may let us wait. So do frames that a NIC or the kernel has in a queue.
// The time between the end of a lease and the other unit's beginning is there for both
// (dataplane/api/README.md, "How exactly a lease ends"). Threads: a value, any.
namespace yoke::io {

class LeaseGate {
 public:
  explicit LeaseGate(const api::LeasePage& page) noexcept : page_(&page) {}

  [[nodiscard]] lb::GroupSet served(const lb::Snapshot& snapshot) const noexcept {
    if (snapshot.held.empty()) return snapshot.standing;
    return served_at(snapshot, api::LeaseClock::now());
  }
  // Those too whose lease was taken back in a planned switchover a moment ago: what was decided
  // before, in this very round of a worker, may still leave. The other unit begins once the worker
  // has come round (seen_page.h), or later than this lasts.
  [[nodiscard]] lb::GroupSet drained(const lb::Snapshot& snapshot) const noexcept {
    return pick(snapshot, [](const api::LeaseLine& line, std::uint64_t group, api::LeaseTime now) {
      return line.holds(group, now) || line.drains(group, now);
    });
  }
  // Those that were handed over to the other unit a moment ago: what comes for them is sent on.
  [[nodiscard]] lb::GroupSet redirected(const lb::Snapshot& snapshot) const noexcept {
    return pick(snapshot, [](const api::LeaseLine& line, std::uint64_t group,
                             api::LeaseTime now) { return line.redirects(group, now); }) &
           ~snapshot.standing;
  }
  // How often a lease was taken back: what is looked at behind this is seen as after it.
  [[nodiscard]] std::uint64_t revocations() const noexcept {
    return page_->header.revocations.load(std::memory_order_acquire);
  }
  [[nodiscard]] lb::GroupSet served_at(const lb::Snapshot& snapshot,
                                       api::LeaseTime now) const noexcept {
    lb::GroupSet groups = snapshot.standing;
    for (const lb::HeldGroup& held : snapshot.held) {
      if (page_->lines[held.line].holds(held.identity, now)) groups |= lb::group_bit(held.group);
    }
    return groups;
  }

 private:
  template <typename Is>
  [[nodiscard]] lb::GroupSet pick(const lb::Snapshot& snapshot, Is is) const noexcept {
    const auto now = api::LeaseClock::now();
    lb::GroupSet groups = snapshot.standing;
    for (const lb::HeldGroup& held : snapshot.held) {
      if (is(page_->lines[held.line], held.identity, now)) groups |= lb::group_bit(held.group);
    }
    return groups;
  }

  const api::LeasePage* page_;
};

}  // namespace yoke::io
