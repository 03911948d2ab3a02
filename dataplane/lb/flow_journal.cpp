// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_journal.h"

namespace yoke::lb {

FlowJournal::FlowJournal(std::size_t notes) : notes_(notes) {}

void FlowJournal::settle(Flow& flow, std::uint8_t before, bool lives) noexcept {
  const FlowDuty duty = duty_of(flow);
  if (is_clearing_ || duty == FlowDuty::kNone) {
    flow.counted = 0;
    return;
  }
  FlowDigest& digest = duty == FlowDuty::kSend ? sent_ : received_;
  const bool was_counted = flow.counted != 0;
  const bool counts = lives && needs_record(flow);
  if (was_counted) digest.take(flow, before);
  if (counts) digest.add(flow, stage_of(flow));
  flow.counted = counts ? 1 : 0;
  if (duty != FlowDuty::kSend || (!was_counted && !counts)) return;
  if (noted_ == notes_.size()) {
    lost_.add(bucket_of(flow));
    return;
  }
  Flow& note = notes_[noted_++];
  note = flow;
  note.in_use = counts ? 1 : 0;
  note.counted = was_counted ? 1 : 0;
}

bool FlowJournal::set_duties(const FlowDuties& duties) noexcept {
  if (duties == duties_) return false;
  ++changes_;
  if (!is_clearing_) earlier_ = duties_;
  // Of services that we did nothing about, no flow is counted.
  bool only_begins = !is_clearing_;
  for (std::size_t i = 0; i < duties.size() && only_begins; ++i) {
    only_begins = duties[i] == duties_[i] || duties_[i] == FlowDuty::kNone;
  }
  duties_ = duties;
  if (only_begins) return true;
  is_clearing_ = true;
  sent_.clear();
  received_.clear();
  clear_notes();
  return true;
}

void FlowJournal::clear(Flow& flow, Tick now) noexcept {
  flow.counted = 0;
  if (earlier_[flow.service] == FlowDuty::kReceive && duty_of(flow) != FlowDuty::kReceive) {
    flow.last_seen = now;
  }
}

}  // namespace yoke::lb
