// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/flow_desk.h"

namespace yoke::io {
namespace {

constexpr std::size_t kNotes = 4096;     // what a burst and a sweep can end
constexpr std::uint32_t kRecords = 128;  // taken over between two bursts: some 50 us
constexpr std::uint32_t kEntries = 256;  // looked at between two bursts: some 10 us

// A group that stands has no peer. In one that is held, who has the lease tells the other.
lb::FlowDuty duty_of(const lb::Service& service, lb::GroupSet standing, lb::GroupSet served) {
  const lb::GroupSet group = lb::group_bit(service.group);
  const bool is_apart = service.incarnation == 0 || !service.is_synced || (standing & group) != 0;
  if (is_apart) return lb::FlowDuty::kNone;
  return (served & group) != 0 ? lb::FlowDuty::kSend : lb::FlowDuty::kReceive;
}

}  // namespace

FlowDesk::FlowDesk(lb::Pipeline& pipeline, lb::FlowTable& flows, lb::FlowDirectory* directory,
                   FlowLanes& lanes, Wake& courier)
    : journal_(kNotes),
      lanes_(lanes),
      courier_(courier),
      exporter_(journal_, flows, lanes.out),
      adopter_({pipeline, flows, journal_, lanes.in}) {
  pipeline.keep_journal(&journal_);
  pipeline.share_directory(directory);
}

void FlowDesk::take_duties(const lb::Snapshot& snapshot, lb::GroupSet served) noexcept {
  if (generation_ == snapshot.generation && served_ == served) return;
  generation_ = snapshot.generation;
  served_ = served;
  lb::FlowDuties duties{};
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    duties[i] = duty_of(snapshot.services[i], snapshot.standing, served);
  }
  exporter_.set_duties(duties);
}

void FlowDesk::call_courier() noexcept {
  const std::uint64_t given = lanes_.out.given.load(std::memory_order_relaxed);
  if (given == told_) return;
  told_ = given;
  courier_.call();
}

void FlowDesk::flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  if (journal_.notes().empty() && journal_.lost().is_empty()) return;
  exporter_.flush(snapshot, now);
  call_courier();
}

bool FlowDesk::turn(const lb::Snapshot& snapshot, lb::Tick now, lb::GroupSet served) noexcept {
  take_duties(snapshot, served);
  const bool has_told = exporter_.step(snapshot, now, kEntries);
  const bool has_taken = adopter_.step(snapshot, now, kRecords, kEntries);
  lanes_.adopted.add(adopter_.counters().adopted.value() - lanes_.adopted.value());
  call_courier();
  return has_told || has_taken;
}

}  // namespace yoke::io
