// SPDX-License-Identifier: Apache-2.0
// What a pipeline does to flows without a packet.
#include <algorithm>
#include <bit>

#include "dataplane/lb/pipeline.h"
#include "dataplane/lb/trial.h"

namespace yoke::lb {

// A group that begins to be served was not until now.
void Pipeline::note_served(GroupSet served, Tick now) noexcept {
  if (served == served_) return;
  note_lapse(served ^ served_, now);
  served_ = served;
}

void Pipeline::note_lapse(GroupSet groups, Tick now) noexcept {
  lapsed_ |= groups;
  for (; groups != 0; groups &= groups - 1) {
    lapses_[static_cast<std::size_t>(std::countr_zero(groups))] = now;
  }
}

// Whether its service, which is there, was served all the time since its last packet.
bool Pipeline::was_served(const Flow& flow, const Snapshot& snapshot, Tick now) const noexcept {
  if (!has_its_service(flow, snapshot)) return false;
  const std::uint8_t group = snapshot.services[flow.service].group & 63;
  if ((served_ & group_bit(group)) == 0) return false;
  if ((lapsed_ & group_bit(group)) == 0) return true;
  return static_cast<Tick>(now - lapses_[group]) > static_cast<Tick>(now - flow.last_seen);
}

void Pipeline::sweep(const Snapshot& snapshot, Tick now, GroupSet served,
                     std::uint32_t entries) noexcept {
  note_served(served, now);
  if (lists_version_ != snapshot.lists_version) {
    lists_version_ = snapshot.lists_version;
    unaudited_ = flows_.capacity();
  }
  // Flows that were held until now were not looked at.
  if (journal_ != nullptr && (duty_changes_ != journal_->changes() || journal_->is_clearing())) {
    duty_changes_ = journal_->changes();
    unaudited_ = flows_.capacity();
  }
  const bool audits = unaudited_ > 0;
  unaudited_ -= std::min(unaudited_, entries);
  flows_.walk(entries, [&](Flow& flow) {
    const bool is_orphan = !has_its_service(flow, snapshot);
    const milliseconds idle(
        is_orphan ? 0 : std::int64_t{snapshot.services[flow.service].idle_timeout_s} * 1000);
    const milliseconds rested(static_cast<std::uint32_t>(now - flow.last_seen));
    note_silence(flow, snapshot, now);
    const bool is_held = journal_ != nullptr && journal_->is_held(flow);
    if (is_orphan || (!is_held && (rested > flow_timeout(flow.state, idle) ||
                                   (audits && is_barred(flow, snapshot))))) {
      end_flow(flow, snapshot);
    }
  });
}

}  // namespace yoke::lb
