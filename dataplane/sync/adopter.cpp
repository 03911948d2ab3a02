// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/adopter.h"

#include <algorithm>
#include <array>
#include <optional>

#include "dataplane/sync/exporter.h"
#include "dataplane/sync/frame.h"

namespace yoke::sync {

using lb::Flow;
using lb::FlowDuty;
using lb::milliseconds;

namespace {

lb::FlowTuple client_tuple(const FlowRecord& record) noexcept {
  return {record.client, record.vip, record.client_port, record.vip_port,
          static_cast<net::Protocol>(record.protocol)};
}

std::uint32_t client_hash(const FlowRecord& record, const lb::Snapshot& snapshot) noexcept {
  return static_cast<std::uint32_t>(lb::flow_hash(snapshot.hash_key, client_tuple(record)));
}

// Of its nat side, by what the record says of the server.
std::uint32_t server_hash(const FlowRecord& record, const lb::Snapshot& snapshot) noexcept {
  return static_cast<std::uint32_t>(lb::flow_hash(
      snapshot.hash_key, {record.server, record.snat, record.server_port, record.snat_port,
                          static_cast<net::Protocol>(record.protocol)}));
}

std::optional<std::uint16_t> service_of(const FlowRecord& record,
                                        const lb::Snapshot& snapshot) noexcept {
  return snapshot.service_table.find(record.vip, record.vip_port,
                                     static_cast<net::Protocol>(record.protocol));
}

// Whether its SNAT address and port can be one that a flow has.
bool has_a_snat(const FlowRecord& record, const lb::Snapshot& snapshot) noexcept {
  return record.snat_port.host() >= limits::kSnatPortFirst &&
         !snapshot.service_table.find(record.snat, record.snat_port,
                                      static_cast<net::Protocol>(record.protocol));
}

// When it was seen last, by how long it may still rest.
lb::Tick seen(const FlowRecord& record, lb::FlowState state, const lb::Service& service,
              lb::Tick now) noexcept {
  const auto whole =
      lb::flow_timeout(state, milliseconds(std::int64_t{service.idle_timeout_s} * 1000)).count();
  const auto left = std::min<std::int64_t>(whole, record.lifetime_ms.host());
  return now - static_cast<lb::Tick>(whole - left);
}

Flow flow_of(const FlowRecord& record, const lb::Snapshot& snapshot, std::uint16_t service_slot,
             std::uint16_t server_slot, lb::Tick now) noexcept {
  const lb::Service& service = snapshot.services[service_slot];
  const lb::Server& server = snapshot.servers[server_slot];
  Flow flow{};
  flow.client = record.client;
  flow.client_port = record.client_port;
  flow.service = service_slot;
  flow.service_incarnation = service.incarnation;
  flow.server = server_slot;
  flow.server_incarnation = server.incarnation;
  flow.is_tcp = service.protocol == net::Protocol::kTcp ? 1 : 0;
  flow.is_nat = (record.flags & FlowRecord::kNat) != 0 ? 1 : 0;
  flow.diverted = (record.flags & FlowRecord::kDiverted) != 0 ? 1 : 0;
  flow.client_fin = (record.flags & FlowRecord::kClientFin) != 0 ? 1 : 0;
  flow.server_fin = (record.flags & FlowRecord::kServerFin) != 0 ? 1 : 0;
  flow.state = static_cast<lb::FlowState>(record.state - 1);
  flow.last_seen = seen(record, flow.state, service, now);
  flow.client_hash = client_hash(record, snapshot);
  // Both units are in the same networks, so the client is reached as the peer reaches it, even
  // before it speaks again.
  if (record.client_link != 0 && record.client_link <= snapshot.ports.size() &&
      !record.client_mac.is_multicast()) {
    flow.client_mac = record.client_mac;
    flow.client_port_id = static_cast<std::uint8_t>(record.client_link - 1) & 0x0f;
  }
  if (flow.is_nat != 0) {
    flow.snat = record.snat;
    flow.snat_port = record.snat_port;
    flow.server_hash = server_hash(record, snapshot);
  } else {
    flow.server_hash = lb::endpoint_hash(snapshot.hash_key, server.address, server.port);
  }
  return flow;
}

}  // namespace

bool Adopter::step(const lb::Snapshot& snapshot, lb::Tick now, std::uint32_t records,
                   std::uint32_t entries) noexcept {
  if (changes_ != worker_.journal.changes()) note_duties(now);
  if (worker_.journal.is_clearing()) return false;
  if (generation_ != snapshot.generation) {
    generation_ = snapshot.generation;
    is_configured_ = std::ranges::any_of(
        snapshot.services, [](const lb::Service& service) { return service.incarnation != 0; });
    parking_.retry([&](const FlowRecord& record) {
      if (adopt(record, snapshot, now) == Outcome::kWaits) return false;
      counters_.unparked.add();
      return true;
    });
  }
  bool has_done = sweep_place_ != 0;
  if (sweep_place_ != 0) sweep(snapshot, entries);
  // All of them would have to wait here, and only some can: they stay in the ring, and then with
  // the peer.
  if (!is_configured_) return has_done;
  std::uint32_t fetched = 0;
  for (; records > 0; --records, --fetched) {
    const Record* record = worker_.lane.records.front();
    if (record == nullptr) break;
    if (fetched == 0) fetched = fetch(snapshot, records);
    if (!apply(*record, snapshot, now)) break;
    worker_.lane.records.pop();
    has_done = true;
  }
  return has_done;
}

// Asks for the memory that the next records need, one line after the other has come: a record at a
// time would wait for each. How many records.
std::uint32_t Adopter::fetch(const lb::Snapshot& snapshot, std::uint32_t records) noexcept {
  std::array<std::uint32_t, kFetched> hashes;
  std::uint32_t count = 0;
  for (; count < kFetched && count < records; ++count) {
    const Record* next = worker_.lane.records.peek(count);
    if (next == nullptr) break;
    const auto record = next->as<FlowRecord>();
    hashes[count] = client_hash(record, snapshot);
    if (record.kind > Kind::kRefresh) continue;
    worker_.flows.prefetch_index(hashes[count]);
    if (record.kind == Kind::kAdd) worker_.flows.prefetch_index(server_hash(record, snapshot));
  }
  for (std::uint32_t i = 0; i < count; ++i) worker_.flows.prefetch_flow(hashes[i]);
  return count;
}

// False if it must wait for a sweep: marks mean something else from then on, and digests need it
// done.
bool Adopter::apply(const Record& record, const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  switch (record.kind()) {
    case Kind::kAdd:
    case Kind::kUpdate:
    case Kind::kRefresh:
      take(record.as<FlowRecord>(), snapshot, now);
      return true;
    case Kind::kDelete:
      end(record.as<FlowRecord>(), snapshot);
      return true;
    case Kind::kWalkBegin:
      if (sweep_place_ != 0) return false;
      begin_walk(record.as<BucketRecord>(), snapshot);
      return true;
    case Kind::kServices:
      if (sweep_place_ != 0) return false;
      note_services(record.as<ServicesRecord>(), snapshot);
      return true;
    case Kind::kWalkEnd:
      if (sweep_place_ != 0) return false;
      sweeping_ = record.as<BucketRecord>().set();
      streams_ = is_void_ || record.as<BucketRecord>().is_void != 0
                     ? std::uint8_t{0}
                     : record.as<BucketRecord>().streams;
      sweep_place_ = 1;
      return true;
    case Kind::kDigest:
      if (sweep_place_ != 0) return false;
      answer(record.as<DigestRecord>().round.host(), snapshot);
      return true;
    case Kind::kServer:
    case Kind::kGap:
      break;
  }
  return true;
}

void Adopter::take(const FlowRecord& record, const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  if (!parking_.is_empty()) parking_.remove(record, client_hash(record, snapshot));
  if (adopt(record, snapshot, now) == Outcome::kDone) return;
  // What it was until now cannot stay either: its server is another.
  end(record, snapshot);
  (parking_.put(record, client_hash(record, snapshot)) ? counters_.parked : counters_.lost).add();
}

void Adopter::end(const FlowRecord& record, const lb::Snapshot& snapshot) noexcept {
  if (!parking_.is_empty()) parking_.remove(record, client_hash(record, snapshot));
  Flow* const flow = worker_.pipeline.find_client(client_tuple(record), snapshot);
  if (flow == nullptr) return;
  if (worker_.journal.duty_of(*flow) != FlowDuty::kReceive) return counters_.unwanted.add();
  worker_.pipeline.end_flow(*flow, snapshot);
  counters_.ended.add();
}

Adopter::Outcome Adopter::adopt(const FlowRecord& record, const lb::Snapshot& snapshot,
                                lb::Tick now) noexcept {
  const auto service = service_of(record, snapshot);
  if (!service) return Outcome::kWaits;
  const bool comes_late = is_late(*service, now);
  if (!comes_late && worker_.journal.duty_of(*service) != FlowDuty::kReceive) {
    counters_.unwanted.add();
    return Outcome::kDone;
  }
  const lb::Service& its = snapshot.services[*service];
  const auto server = snapshot.server_table.find(its.pool, record.server, record.server_port);
  if (!server) return Outcome::kWaits;
  if ((record.flags & FlowRecord::kNat) != 0) {
    if (!has_a_snat(record, snapshot)) {
      counters_.impossible.add();
      return Outcome::kDone;
    }
    if (std::ranges::find(its.snat, record.snat) == its.snat.end()) return Outcome::kWaits;
  }
  const Flow wanted = flow_of(record, snapshot, *service, *server, now);
  if (comes_late && !is_free(record, wanted, snapshot)) {
    counters_.unwanted.add();
    return Outcome::kDone;
  }
  Flow* const flow = worker_.pipeline.adopt(wanted, snapshot);
  if (flow == nullptr) {
    counters_.table_full.add();
    return Outcome::kDone;
  }
  flow->mark = fresh_marks_.contains(lb::bucket_of(*flow)) ? 1 : 0;
  counters_.adopted.add();
  return Outcome::kDone;
}

// By another hash key, the peer's buckets are not ours: only all of them are the same.
void Adopter::begin_walk(const BucketRecord& begin, const lb::Snapshot& snapshot) noexcept {
  const std::uint64_t key = begin.key.host();
  const bool is_alike = key == 0 || key == key_digest(snapshot.hash_key);
  is_void_ = !is_alike && begin.set() != lb::BucketSet::all();
  spoken_.fill({});
  mark(begin.set());
}

// All flows of these buckets become stale at once: the mark of fresh ones is the other from now on.
// Where an earlier walk came to no end, it stays: what was stale then is so still.
void Adopter::mark(const lb::BucketSet& set) noexcept {
  for (std::size_t i = 0; i < set.words.size(); ++i) {
    fresh_marks_.words[i] ^= set.words[i] & ~is_walked_.words[i];
  }
  is_walked_ |= set;
}

void Adopter::sweep(const lb::Snapshot& snapshot, std::uint32_t entries) noexcept {
  sweep_place_ = worker_.flows.scan(sweep_place_, entries, [&](Flow& flow) {
    const std::size_t bucket = lb::bucket_of(flow);
    if (!sweeping_.contains(bucket)) return true;
    // What was never told is not the peer's, whatever its mark.
    const bool is_fresh = flow.counted != 0 && (flow.mark != 0) == fresh_marks_.contains(bucket);
    if (is_fresh || !is_spoken_for(flow)) {
      flow.mark = fresh_marks_.contains(bucket) ? 1 : 0;
      return true;
    }
    worker_.pipeline.end_flow(flow, snapshot);
    counters_.swept.add();
    return true;
  });
  if (sweep_place_ != 0) return;
  is_walked_ -= sweeping_;
}

// A walk under way was told under other duties in part.
void Adopter::note_duties(lb::Tick now) noexcept {
  changes_ = worker_.journal.changes();
  is_void_ = true;
  streams_ = 0;
  for (std::size_t i = 0; i < duties_.size(); ++i) {
    const FlowDuty duty = worker_.journal.duty_of(static_cast<std::uint16_t>(i));
    taken_over_[i] =
        duty == FlowDuty::kSend && (duties_[i] == FlowDuty::kReceive || taken_over_[i]);
    if (taken_over_[i] && duties_[i] == FlowDuty::kReceive) taken_over_at_ = now;
    duties_[i] = duty;
  }
}

bool Adopter::is_late(std::uint16_t service, lb::Tick now) const noexcept {
  return taken_over_[service] &&
         milliseconds(static_cast<std::uint32_t>(now - taken_over_at_)) < kLate;
}

// What has been opened here since then is newer; the same flow goes on, but never back. A
// connection that is over gives way: its client's port has come to another since.
bool Adopter::is_free(const FlowRecord& record, const Flow& flow,
                      const lb::Snapshot& snapshot) noexcept {
  const auto own = worker_.flows.find(flow.client_hash, client_tuple(record), snapshot);
  if (own.flow != nullptr) {
    const bool is_same = own.flow->server == flow.server && own.flow->snat == flow.snat &&
                         own.flow->snat_port == flow.snat_port;
    if (is_same) return own.flow->state < flow.state;
    if (!lb::is_over(own.flow->state, own.flow->is_nat != 0)) return false;
  }
  if (flow.is_nat == 0) return true;
  const lb::FlowTuple answer{record.server, record.snat, record.server_port, record.snat_port,
                             static_cast<net::Protocol>(record.protocol)};
  return worker_.flows.find(flow.server_hash, answer, snapshot).flow == nullptr;
}

void Adopter::note_services(const ServicesRecord& record, const lb::Snapshot& snapshot) noexcept {
  for (const ServicesRecord::Service& named : record.services) {
    const auto slot = snapshot.service_table.find(named.vip, named.port,
                                                  static_cast<net::Protocol>(named.protocol));
    if (!slot) continue;
    Spoken& spoken = spoken_[*slot];
    const std::uint16_t incarnation = snapshot.services[*slot].incarnation;
    if (spoken.incarnation != incarnation) spoken = {incarnation, 0};
    if (spoken.streams < kStreamsMax) ++spoken.streams;
  }
}

// All of the peer's workers have told what they have of its service.
bool Adopter::is_spoken_for(const Flow& flow) const noexcept {
  const Spoken& spoken = spoken_[flow.service];
  return streams_ != 0 && spoken.streams == streams_ &&
         spoken.incarnation == flow.service_incarnation &&
         worker_.journal.duty_of(flow) == FlowDuty::kReceive;
}

void Adopter::answer(std::uint32_t round, const lb::Snapshot& snapshot) noexcept {
  worker_.lane.answer.services = services_digest(worker_.journal, FlowDuty::kReceive, snapshot);
  worker_.lane.answer.sums = worker_.journal.received().sums();
  worker_.lane.answer.uncertain = parking_.buckets();
  worker_.lane.answered.store(round, std::memory_order_release);
}

}  // namespace yoke::sync
