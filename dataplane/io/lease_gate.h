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
  [[nodiscard]] lb::GroupSet served_at(const lb::Snapshot& snapshot,
                                       api::LeaseTime now) const noexcept {
    lb::GroupSet groups = snapshot.standing;
    for (const lb::HeldGroup& held : snapshot.held) {
      if (page_->lines[held.line].holds(held.identity, now)) groups |= lb::group_bit(held.group);
    }
    return groups;
  }

 private:
  const api::LeasePage* page_;
};

}  // namespace yoke::io
