// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/trial.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dataplane/lb/flow_timeout.h"

namespace yoke::lb {
namespace {

bool has_its_server(const Flow& flow, const Snapshot& snapshot) noexcept {
  return flow.server < snapshot.servers.size() &&
         snapshot.servers[flow.server].incarnation == flow.server_incarnation;
}

// Of a flow that has its service.
bool has_lapsed(const Flow& flow, const Snapshot& snapshot, Tick now) noexcept {
  const milliseconds idle(std::int64_t{snapshot.services[flow.service].idle_timeout_s} * 1000);
  return milliseconds(static_cast<Tick>(now - flow.last_seen)) > flow_timeout(flow.state, idle);
}

// Answers to its SNAT address come to nobody.
bool has_lost_its_way(const Flow& flow, const Snapshot& snapshot) noexcept {
  return flow.is_nat != 0 && snapshot.local_addresses.group_of(flow.snat) == nullptr;
}

bool is_refused(const Flow& flow, const Snapshot& snapshot, Tick now) noexcept {
  return !has_its_service(flow, snapshot) || has_lapsed(flow, snapshot, now) ||
         is_barred(flow, snapshot) || has_lost_its_way(flow, snapshot);
}

void add(std::vector<std::uint64_t>& sum, const std::vector<std::uint64_t>& part) {
  std::ranges::transform(sum, part, sum.begin(), std::plus<>());
}

}  // namespace

bool is_barred(const Flow& flow, const Snapshot& snapshot) noexcept {
  if (flow.is_nat != 0) {
    const std::uint8_t* group = snapshot.local_addresses.group_of(flow.snat);
    if (group != nullptr && *group != snapshot.services[flow.service].group &&
        (snapshot.standing & group_bit(*group)) == 0) {
      return true;
    }
  }
  return snapshot.services[flow.service].is_guarded &&
         snapshot.guards[flow.service].refuses(flow.client).has_value();
}

Loss loss_under(const Flow& flow, const Snapshot& running, const Snapshot& next,
                Tick now) noexcept {
  if (is_refused(flow, next, now)) {
    return is_refused(flow, running, now) ? Loss::kNone : Loss::kService;
  }
  return has_its_server(flow, running) && !has_its_server(flow, next) ? Loss::kServer : Loss::kNone;
}

Trial::Trial(std::unique_ptr<const Snapshot> next, std::size_t services, std::size_t servers,
             std::size_t workers)
    : next_(std::move(next)), parts_(workers) {
  for (Part& part : parts_) {
    part.counts.service_losses.resize(services);
    part.counts.server_losses.resize(servers);
    part.counts.kept.resize(servers);
  }
}

bool Trial::go_on(std::uint8_t worker, FlowTable& flows, const Snapshot& running,
                  Tick now) noexcept {
  Part& part = parts_[worker];
  if (part.is_done.load(std::memory_order_relaxed)) return false;
  part.next_place = flows.scan(part.next_place, kFlowsARound, [&](const Flow& flow) {
    look(part, flow, running, now);
    return true;
  });
  if (part.next_place == 0) part.is_done.store(true, std::memory_order_release);
  return true;
}

void Trial::look(Part& part, const Flow& flow, const Snapshot& running, Tick now) const noexcept {
  if (is_over(flow.state, flow.is_nat != 0)) return;
  const Loss loss = loss_under(flow, running, *next_, now);
  if (loss == Loss::kService) {
    if (flow.service < part.counts.service_losses.size())
      ++part.counts.service_losses[flow.service];
    return;
  }
  auto& counts = loss == Loss::kServer ? part.counts.server_losses : part.counts.kept;
  if (flow.server < counts.size()) ++counts[flow.server];
}

bool Trial::is_done() const noexcept {
  return std::ranges::all_of(
      parts_, [](const Part& part) { return part.is_done.load(std::memory_order_acquire); });
}

Trial::Counts Trial::counts() const {
  Counts sum;
  if (parts_.empty()) return sum;
  sum.service_losses.resize(parts_.front().counts.service_losses.size());
  sum.server_losses.resize(parts_.front().counts.server_losses.size());
  sum.kept.resize(parts_.front().counts.kept.size());
  for (const Part& part : parts_) {
    add(sum.service_losses, part.counts.service_losses);
    add(sum.server_losses, part.counts.server_losses);
    add(sum.kept, part.counts.kept);
  }
  return sum;
}

}  // namespace yoke::lb
