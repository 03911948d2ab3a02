// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/exporter.h"

#include <algorithm>

#include "dataplane/lb/scheduler.h"

namespace yoke::sync {

using lb::Flow;
using lb::FlowState;
using lb::milliseconds;

namespace {

bool has_its_server(const Flow& flow, const lb::Snapshot& snapshot) noexcept {
  return flow.server < snapshot.servers.size() &&
         snapshot.servers[flow.server].incarnation == flow.server_incarnation;
}

std::uint32_t lifetime_ms(const Flow& flow, const lb::Service& service, lb::Tick now) noexcept {
  const auto whole =
      lb::flow_timeout(flow.state, milliseconds(std::int64_t{service.idle_timeout_s} * 1000));
  const milliseconds rested(static_cast<std::uint32_t>(now - flow.last_seen));
  return static_cast<std::uint32_t>(std::max(whole - rested, milliseconds(0)).count());
}

// Whether the table alone would send it where it goes.
bool is_implied(const Flow& flow, const lb::Service& service,
                const lb::Snapshot& snapshot) noexcept {
  if (service.maglev == nullptr || service.maglev->empty()) return false;
  const lb::FlowTuple tuple{flow.client, service.address, flow.client_port, service.port,
                            service.protocol};
  const std::uint64_t hash = lb::flow_hash(snapshot.hash_key, tuple);
  return lb::Scheduler::implied(snapshot, service,
                                {static_cast<std::uint32_t>(hash >> 32), flow.client}) ==
         flow.server;
}

}  // namespace

std::optional<FlowRecord> record_of(const Flow& flow, Kind kind, const lb::Snapshot& snapshot,
                                    lb::Tick now) noexcept {
  if (!has_its_service(flow, snapshot)) return std::nullopt;
  const bool knows_server = has_its_server(flow, snapshot);
  if (!knows_server && kind != Kind::kDelete) return std::nullopt;
  const lb::Service& service = snapshot.services[flow.service];
  FlowRecord record;
  record.kind = kind;
  record.protocol = static_cast<std::uint8_t>(service.protocol);
  record.state = wire_state(flow.state);
  record.flags = static_cast<std::uint8_t>((flow.is_nat != 0 ? FlowRecord::kNat : 0) |
                                           (flow.diverted != 0 ? FlowRecord::kDiverted : 0) |
                                           (flow.client_fin != 0 ? FlowRecord::kClientFin : 0) |
                                           (flow.server_fin != 0 ? FlowRecord::kServerFin : 0));
  record.lifetime_ms = net::Be32::from_host(lifetime_ms(flow, service, now));
  record.client = flow.client;
  record.vip = service.address;
  record.snat = flow.snat;
  record.client_port = flow.client_port;
  record.client_mac = flow.client_mac;
  record.client_link =
      flow.client_mac.is_zero() ? 0 : static_cast<std::uint8_t>(flow.client_port_id + 1);
  record.vip_port = service.port;
  record.snat_port = flow.snat_port;
  if (knows_server) {
    record.server = snapshot.servers[flow.server].address;
    record.server_port = snapshot.servers[flow.server].port;
  }
  return record;
}

std::uint64_t services_digest(const lb::FlowJournal& journal, lb::FlowDuty duty,
                              const lb::Snapshot& snapshot) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    const lb::Service& service = snapshot.services[i];
    if (service.incarnation == 0 || journal.duty_of(static_cast<std::uint16_t>(i)) != duty)
      continue;
    sum += lb::flow_hash(snapshot.hash_key, {service.address, service.address, service.port,
                                             service.port, service.protocol});
  }
  return sum;
}

// With nothing to send, nothing is owed.
void Exporter::owe_all() noexcept {
  if (sends_) lane_.gaps.add(lb::BucketSet::all());
}

void Exporter::set_duties(const lb::FlowDuties& duties) noexcept {
  sends_ = std::ranges::find(duties, lb::FlowDuty::kSend) != duties.end();
  if (!journal_.set_duties(duties)) return;
  // The peer must hear its end, and takes nothing from it: part of it was told under other duties.
  if (walk_ != Walk::kNone && walk_ != Walk::kBegins) {
    walk_ = Walk::kEnds;
    is_void_ = true;
  }
  if (!journal_.is_clearing()) return owe_all();
  clear_place_ = 1;
  refresh_place_ = 0;
}

bool Exporter::give(const Record& record) noexcept {
  if (!lane_.records.push(record)) return false;
  lane_.given.store(lane_.given.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return true;
}

void Exporter::flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  for (const Flow& note : journal_.notes()) {
    const Kind kind = note.in_use == 0    ? Kind::kDelete
                      : note.counted != 0 ? Kind::kUpdate
                                          : Kind::kAdd;
    const auto record = record_of(note, kind, snapshot, now);
    // Of a service that is gone the peer hears by its own configuration; what has lost its server
    // is left to a walk.
    const bool is_owed = record ? !give(Record::of(*record)) : has_its_service(note, snapshot);
    if (is_owed) lane_.gaps.add(lb::bucket_of(note));
  }
  if (!journal_.lost().is_empty()) lane_.gaps.add(journal_.lost());
  journal_.clear_notes();
}

bool Exporter::step(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept {
  flush(snapshot, now);
  if (journal_.is_clearing() && !clear(now, entries)) return true;
  // Where the tables changed, dsr flows stay where they were, and their servers are no longer those
  // that the table gives.
  if (implied_digest_ != snapshot.implied_digest) {
    implied_digest_ = snapshot.implied_digest;
    owe_all();
  }
  const bool is_ordered = take_order(snapshot);
  const bool goes_on =
      walk_ != Walk::kNone ? walk(snapshot, now, entries) : refresh(snapshot, now, entries);
  return is_ordered || goes_on;
}

// True once no flow is counted any more.
bool Exporter::clear(lb::Tick now, std::uint32_t entries) noexcept {
  clear_place_ = flows_.scan(clear_place_, entries, [&](Flow& flow) {
    journal_.clear(flow, now);
    return true;
  });
  if (clear_place_ != 0) return false;
  journal_.begin_counting();
  owe_all();
  return true;
}

bool Exporter::take_order(const lb::Snapshot& snapshot) noexcept {
  const Order* order = lane_.orders.front();
  if (order == nullptr) return false;
  if (order->verb == Order::Verb::kDigest) {
    if (!lane_.records.has_room(DigestRecord::kRecords)) return false;
    take_stock(snapshot, order->number);
  } else {
    order_ = *order;
    walk_ = Walk::kBegins;
  }
  lane_.orders.pop();
  return true;
}

// False if it could go no further. With nothing to send it begins and ends, so that nobody waits.
bool Exporter::walk(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept {
  BucketRecord mark = BucketRecord::make(Kind::kWalkBegin, order_.number, order_.buckets);
  if (walk_ == Walk::kBegins) {
    mark.key = net::Be64::from_host(key_digest(snapshot.hash_key));
    if (!give(Record::of(mark))) return false;
    is_void_ = !sends_;
    walk_ = is_void_ ? Walk::kEnds : Walk::kGoes;
    walk_place_ = 1;
  }
  if (walk_ == Walk::kGoes) {
    const bool has_moved = tell_flows(snapshot, now, entries);
    if (has_moved) lane_.walk_steps.fetch_add(1, std::memory_order_relaxed);
    if (walk_place_ != 0) return has_moved;
    walk_ = Walk::kSpeaks;
  }
  if (walk_ == Walk::kSpeaks) {
    if (!tell_services(snapshot)) return false;
    walk_ = Walk::kEnds;
  }
  mark.kind = Kind::kWalkEnd;
  mark.key = {};
  mark.is_void = is_void_ ? 1 : 0;
  if (!give(Record::of(mark))) return false;
  walk_ = Walk::kNone;
  lane_.walk_ended.store(order_.number, std::memory_order_relaxed);
  return true;
}

// False if it could go no further.
bool Exporter::tell_flows(const lb::Snapshot& snapshot, lb::Tick now,
                          std::uint32_t entries) noexcept {
  const std::size_t spare = lane_.records.capacity() / 2;
  const std::uint32_t from = walk_place_;
  walk_place_ = flows_.scan(walk_place_, entries, [&](Flow& flow) {
    if (!order_.buckets.contains(lb::bucket_of(flow))) return true;
    if (!lane_.records.has_room(spare)) return false;
    visit(flow, snapshot, now);
    return true;
  });
  return walk_place_ != from;
}

// Goes on at walk_place_; false if there is no room for all.
bool Exporter::tell_services(const lb::Snapshot& snapshot) noexcept {
  while (walk_place_ < snapshot.services.size()) {
    ServicesRecord record;
    record.walk = net::Be32::from_host(order_.number);
    std::size_t count = 0;
    std::uint32_t place = walk_place_;
    for (; place < snapshot.services.size() && count < record.services.size(); ++place) {
      const lb::Service& service = snapshot.services[place];
      const auto duty = journal_.duty_of(static_cast<std::uint16_t>(place));
      if (service.incarnation == 0 || duty != lb::FlowDuty::kSend) continue;
      record.services[count++] = {service.address, service.port,
                                  static_cast<std::uint8_t>(service.protocol)};
    }
    if (count > 0 && !give(Record::of(record))) return false;
    walk_place_ = place;
  }
  return true;
}

void Exporter::visit(Flow& flow, const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  if (journal_.duty_of(flow) != lb::FlowDuty::kSend) return;
  if (!has_its_service(flow, snapshot) || !has_its_server(flow, snapshot)) {
    journal_.ended(flow);  // for the peer: it leads nowhere
  } else {
    if (flow.is_nat == 0) {
      flow.diverted = is_implied(flow, snapshot.services[flow.service], snapshot) ? 0 : 1;
    }
    journal_.changed(flow, lb::stage_of(flow));
  }
  flush(snapshot, now);
}

// The first to be shed: a walk, or a ring that is a quarter full, and it waits for another period.
bool Exporter::refresh(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t entries) noexcept {
  if (refresh_place_ == 0) {
    if (!sends_ || milliseconds(static_cast<std::uint32_t>(now - refreshed_)) < kRefreshPeriod)
      return false;
    refreshed_ = now;
    refresh_place_ = 1;
  }
  const std::size_t spare = lane_.records.capacity() / 4 * 3;
  refresh_place_ = flows_.scan(refresh_place_, entries, [&](Flow& flow) {
    const bool is_steady = flow.state == FlowState::kUdp || flow.state == FlowState::kEstablished;
    const milliseconds rested(static_cast<std::uint32_t>(now - flow.last_seen));
    if (flow.counted == 0 || !is_steady || rested > kRefreshPeriod ||
        journal_.duty_of(flow) != lb::FlowDuty::kSend || !lane_.records.has_room(spare)) {
      return true;
    }
    const auto record = record_of(flow, Kind::kRefresh, snapshot, now);
    if (record) (void)give(Record::of(*record));
    return true;
  });
  return true;
}

void Exporter::take_stock(const lb::Snapshot& snapshot, std::uint32_t round) noexcept {
  const auto& sums = journal_.sent().sums();
  const std::uint64_t services = services_digest(journal_, lb::FlowDuty::kSend, snapshot);
  for (std::size_t first = 0; first < sums.size(); first += DigestRecord::kSums) {
    DigestRecord record;
    record.round = net::Be32::from_host(round);
    record.services = net::Be64::from_host(services);
    record.first = net::Be16::from_host(static_cast<std::uint16_t>(first));
    const std::size_t count = std::min(DigestRecord::kSums, sums.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      record.sums[i] = net::Be64::from_host(sums[first + i]);
    }
    record.is_last = first + count == sums.size() ? 1 : 0;
    (void)give(Record::of(record));
  }
}

}  // namespace yoke::sync
