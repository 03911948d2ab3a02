// SPDX-License-Identifier: Apache-2.0
// The part of the pipeline that makes flows of what a peer tells, finds those of other workers, and
// counts what flows become.
#include "dataplane/lb/pipeline.h"

namespace yoke::lb {
namespace {

FlowTuple client_tuple(const Flow& flow, const Service& service) noexcept {
  return {flow.client, service.address, flow.client_port, service.port, service.protocol};
}

FlowTuple server_tuple(const Flow& flow, const Service& service, const Server& server) noexcept {
  return {server.address, flow.snat, server.port, flow.snat_port, service.protocol};
}

bool goes_the_same_way(const Flow& a, const Flow& b) noexcept {
  return a.is_nat == b.is_nat && a.server == b.server &&
         a.server_incarnation == b.server_incarnation && a.snat_port == b.snat_port &&
         a.snat == b.snat;
}

}  // namespace

Flow* Pipeline::find_client(const FlowTuple& tuple, const Snapshot& snapshot) noexcept {
  const auto hash = static_cast<std::uint32_t>(flow_hash(snapshot.hash_key, tuple));
  const auto found = flows_.find(hash, tuple, snapshot);
  return found.side == FlowTable::Side::kClient ? found.flow : nullptr;
}

Flow* Pipeline::adopt(const Flow& wanted, const Snapshot& snapshot) noexcept {
  const Service& service = snapshot.services[wanted.service];
  const auto found = flows_.find(wanted.client_hash, client_tuple(wanted, service), snapshot);
  if (found.flow != nullptr && goes_the_same_way(*found.flow, wanted)) {
    Flow& flow = *found.flow;
    const std::uint8_t before = stage_of(flow);
    flow.state = wanted.state;
    flow.client_fin = wanted.client_fin;
    flow.server_fin = wanted.server_fin;
    flow.diverted = wanted.diverted;
    flow.last_seen = wanted.last_seen;
    if (!wanted.client_mac.is_zero()) {
      flow.client_mac = wanted.client_mac;
      flow.client_port_id = wanted.client_port_id;
    }
    follow(flow, before);
    return &flow;
  }
  if (found.flow != nullptr) end_flow(*found.flow, snapshot);
  if (wanted.is_nat != 0) {
    const auto tuple = server_tuple(wanted, service, snapshot.servers[wanted.server]);
    const auto other = flows_.find(wanted.server_hash, tuple, snapshot);
    if (other.flow != nullptr) end_flow(*other.flow, snapshot);
  }
  Flow* const flow = flows_.insert(wanted);
  if (flow == nullptr) return nullptr;
  enter(*flow);
  guide(*flow);
  return flow;
}

// Other workers learn that it is here. Where there is no place for that, only packets that reach
// this worker find it. Flows of one hash share an entry.
void Pipeline::guide(const Flow& flow) noexcept {
  if (directory_ == nullptr || directory_->has(flow.client_hash, worker_)) return;
  if (directory_->add(flow.client_hash, worker_)) ++guided_;
}

// True if they knew.
bool Pipeline::unguide(const Flow& flow) noexcept {
  if (guided_ == 0) return false;
  if (flows_.has_twin(flow)) return directory_->has(flow.client_hash, worker_);
  if (!directory_->remove(flow.client_hash, worker_)) return false;
  --guided_;
  return true;
}

// Who may have the flow of a client's packet that has none here.
std::optional<std::uint8_t> Pipeline::other_owner(std::uint32_t hash) const noexcept {
  return directory_ == nullptr ? std::nullopt : directory_->next(hash, worker_);
}

// A step of a flow in the table, whose records are there: its server has one open flow less, or has
// it back.
void Pipeline::follow(Flow& flow, std::uint8_t before) noexcept {
  const FlowState state = state_of(before);
  const bool was_open = is_open(state), was_over = is_over(state, flow.is_nat != 0);
  if (is_over(flow.state, flow.is_nat != 0) && !was_over) begin_rest(flow);
  if (was_over && !is_over(flow.state, flow.is_nat != 0)) {
    counters_.service_rests[flow.service].ended.add();
    counters_.server_rests[flow.server].ended.add();
  }
  if (is_open(flow.state) && !was_open) add_load(flow);
  if (!is_open(flow.state) && was_open) lose_load(flow);
  if (journal_ != nullptr) journal_->changed(flow, before);
}

// One that has just come into the table.
void Pipeline::enter(Flow& flow) noexcept {
  if (is_open(flow.state)) add_load(flow);
  if (is_over(flow.state, flow.is_nat != 0)) begin_rest(flow);
  counters_.flows_open_added.add();
  counters_.services[flow.service].flows_created.add();
  counters_.servers[flow.server].flows_created.add();
  if (journal_ != nullptr) journal_->opened(flow);
}

void Pipeline::add_load(const Flow& flow) noexcept {
  scheduler_.opened(flow.server, flow.server_incarnation);
  counters_.loads[flow.service].begun.add();
}

void Pipeline::lose_load(const Flow& flow) noexcept {
  scheduler_.closed(flow.server, flow.server_incarnation);
  counters_.loads[flow.service].ended.add();
}

void Pipeline::begin_rest(const Flow& flow) noexcept {
  counters_.service_rests[flow.service].begun.add();
  counters_.server_rests[flow.server].begun.add();
}

}  // namespace yoke::lb
