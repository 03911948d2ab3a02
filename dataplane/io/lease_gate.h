// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/api/lease_page.h"
#include "dataplane/lb/snapshot.h"

// What of the unit's VIPs may be served at this moment: a look at the clock and one cache line for
// each group that is held, none of either where there is no such group. Asked for each burst, and
// again before it is sent: it may have waited in between for as long as a machine can stand still.
//
// What is left: between the last look and the driver's own there are some hundred cycles. A machine
// that stands still within those sends a burst of this worker once it goes on; and so do frames
// that a NIC has in its queue. Threads: a value, any.
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
