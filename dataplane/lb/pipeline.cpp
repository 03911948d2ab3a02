// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/pipeline.h"

#include <array>

#include "dataplane/net/parse.h"
#include "dataplane/net/reply.h"
#include "dataplane/net/rewrite.h"

namespace yoke::lb {

using net::Drop;
using net::PacketKind;

struct Pipeline::Lane {
  const Packet* packet;
  Verdict* verdict;
  const Snapshot* snapshot;
  Tick now;
  const GroupRoles* roles;
  net::ParsedPacket parsed;
  std::optional<Drop> broken;  // what parse() said
  bool is_local;               // for a VIP or SNAT address
  std::uint8_t group;          // that the address is of, where is_local
  FlowTuple tuple;
  std::uint64_t hash;  // of tuple, where is_local and a transport
  bool is_guided;      // others know, or think, that its flow is here

  [[nodiscard]] std::uint32_t table_hash() const noexcept {
    return static_cast<std::uint32_t>(hash);
  }
  [[nodiscard]] std::uint32_t choice_hash() const noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  [[nodiscard]] bool serves(std::uint8_t one) const noexcept {
    return (roles->served & group_bit(one)) != 0;
  }
  // Waits, if it may, for what is about to come; else it is dropped for this reason.
  [[nodiscard]] std::optional<Drop> wait_or(Drop reason) const noexcept {
    if (!packet->may_wait) return reason;
    verdict->action = Action::kWait;
    return std::nullopt;
  }
  // It may wait, and its group may have flows yet to come.
  [[nodiscard]] bool may_settle() const noexcept {
    return packet->may_wait && (roles->settling & group_bit(group)) != 0;
  }
  // No flow of it is known here.
  [[nodiscard]] std::optional<Drop> missing(Drop reason) const noexcept {
    return may_settle() ? wait_or(reason) : reason;
  }
  [[nodiscard]] bool is_tcp() const noexcept { return parsed.protocol == net::Protocol::kTcp; }
  [[nodiscard]] bool is_opening() const noexcept {
    return is_tcp() && (parsed.tcp_flags & (kTcpSyn | kTcpAck | kTcpRst)) == kTcpSyn;
  }
  [[nodiscard]] const net::MacAddress& own_mac(std::uint8_t port) const noexcept {
    return snapshot->ports[port].mac;
  }
};

namespace {

constexpr net::IpAddress kBroadcast = net::IpAddress::v4(255, 255, 255, 255);

bool is_martian(const net::ParsedPacket& parsed, const Snapshot& snapshot) noexcept {
  const net::IpAddress& source = parsed.source;
  return source.is_multicast() || source.is_loopback() || source.is_unspecified() ||
         source == kBroadcast || snapshot.local_addresses.contains(source);
}

// Gratuitous ARP: somebody says that an address of ours is his. It asks for no answer; whoever
// watches over addresses hears of it at the kernel twin, with a lease and without. (An ARP reply
// and an advertisement to all nodes get there anyway.)
bool is_announcement(const net::ParsedPacket& parsed) noexcept {
  return parsed.kind == PacketKind::kArpRequest && parsed.source == parsed.destination;
}

void step(Flow& flow, const net::ParsedPacket& parsed, bool from_client) noexcept {
  if (flow.is_tcp == 0) {
    if (!from_client) flow.state = FlowState::kUdp;
    return;
  }
  const TcpProgress next = tcp_step({flow.state, flow.client_fin != 0, flow.server_fin != 0},
                                    parsed.tcp_flags, from_client, flow.is_nat != 0);
  flow.state = next.state;
  flow.client_fin = next.client_fin ? 1 : 0;
  flow.server_fin = next.server_fin ? 1 : 0;
}

// Whether its slot is still the server's that it went to.
bool has_its_server(const Flow& flow, const Snapshot& snapshot) noexcept {
  return flow.server < snapshot.servers.size() &&
         snapshot.servers[flow.server].incarnation == flow.server_incarnation;
}

bool is_over(const Flow& flow) noexcept { return is_over(flow.state, flow.is_nat != 0); }

void remember_client(Flow& flow, const Packet& packet, Tick now) noexcept {
  flow.last_seen = now;
  flow.client_mac = net::header_at<net::EthernetHeader>(packet.data).source;
  flow.client_port_id = packet.port & 0x0f;
}

}  // namespace

Pipeline::Pipeline(std::uint8_t worker, std::uint8_t workers, FlowTable& flows,
                   WorkerCounters& counters, Admission& admission)
    : worker_(worker),
      workers_(workers),
      flows_(flows),
      counters_(counters),
      admission_(admission) {}

void Pipeline::process(std::span<const Packet> burst, std::span<Verdict> verdicts,
                       const Snapshot& snapshot, Tick now, const GroupRoles& roles) noexcept {
  note_served(roles.served, now);
  std::array<Lane, limits::kBurst> lanes;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    lanes[i].packet = &burst[i];
    lanes[i].verdict = &verdicts[i];
    lanes[i].snapshot = &snapshot;
    lanes[i].now = now;
    lanes[i].roles = &roles;
    prepare(lanes[i], burst[i], snapshot);
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (lanes[i].is_local) flows_.prefetch_flow(lanes[i].table_hash());
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    verdicts[i] = {Action::kDrop,     burst[i].port,   0,      lanes[i].group,
                   burst[i].is_stray, burst[i].length, nullptr};
    if (const Outcome drop = decide(lanes[i])) {
      verdicts[i].action = Action::kDrop;
      counters_.drop(*drop);
    }
  }
}

void Pipeline::prepare(Lane& lane, const Packet& packet, const Snapshot& snapshot) noexcept {
  lane.is_local = false;
  lane.is_guided = packet.is_handed_over;
  lane.group = 0;
  lane.hash = 0;
  lane.broken = net::parse(packet.data, packet.length, lane.parsed);
  if (lane.broken || lane.parsed.kind == PacketKind::kOther) return;
  const std::uint8_t* group = snapshot.local_addresses.group_of(lane.parsed.destination);
  if (group == nullptr) return;
  lane.is_local = true;
  lane.group = *group;
  if (lane.parsed.kind != PacketKind::kTransport || !lane.serves(*group)) return;
  lane.tuple = {lane.parsed.source, lane.parsed.destination, lane.parsed.source_port,
                lane.parsed.destination_port, lane.parsed.protocol};
  lane.hash = flow_hash(snapshot.hash_key, lane.tuple);
  flows_.prefetch_index(lane.table_hash());
}

Pipeline::Outcome Pipeline::decide(Lane& lane) noexcept {
  if (lane.broken) return lane.broken;
  const Packet& packet = *lane.packet;
  const net::MacAddress to = net::header_at<net::EthernetHeader>(packet.data).destination;
  const net::MacAddress& own = lane.own_mac(packet.port);
  if (to != own && !to.is_multicast()) return Drop::kOtherMac;
  if (!lane.is_local || is_announcement(lane.parsed)) {
    lane.verdict->action = Action::kPunt;
    return std::nullopt;
  }
  // The other unit's: neither answered nor the kernel's to answer.
  if (!lane.serves(lane.group)) return without_lease(lane);
  switch (lane.parsed.kind) {
    case PacketKind::kArpRequest:
      net::arp_reply(packet.data, own);
      lane.verdict->action = Action::kReply;
      return std::nullopt;
    case PacketKind::kNeighborSolicitation:
      if (packet.length + packet.room < net::kAdvertisementLength) return Drop::kTruncated;
      lane.verdict->length = net::neighbor_advertisement(packet.data, lane.parsed, own);
      lane.verdict->action = Action::kReply;
      return std::nullopt;
    case PacketKind::kEchoRequest:
    case PacketKind::kTransport:
    case PacketKind::kOtherIp:
    case PacketKind::kOther:
      break;
  }
  // A unicast packet in a multicast frame is not answered (RFC 1122 section 3.3.6).
  if (to.is_multicast() || is_martian(lane.parsed, *lane.snapshot)) return Drop::kMartian;
  if (lane.parsed.kind == PacketKind::kEchoRequest) return echo(lane);
  if (lane.parsed.kind != PacketKind::kTransport) return lane.parsed.problem;
  return decide_transport(lane);
}

// What hosts ask of each other they ask again; packets of clients and servers are not to be lost to
// a group's move from unit to unit. They go by the worker that has the flow, which knows it best.
Pipeline::Outcome Pipeline::without_lease(Lane& lane) noexcept {
  const PacketKind kind = lane.parsed.kind;
  if (kind != PacketKind::kTransport && kind != PacketKind::kEchoRequest) return Drop::kNoLease;
  if (lane.packet->is_stray) return lane.wait_or(Drop::kNoLease);
  if ((lane.roles->redirected & group_bit(lane.group)) == 0) return Drop::kNoLease;
  const auto& to = net::header_at<net::EthernetHeader>(lane.packet->data).destination;
  if (to.is_multicast()) return Drop::kNoLease;  // nor would the other unit take it
  lane.verdict->action = Action::kRedirect;
  if (kind != PacketKind::kTransport) return std::nullopt;
  const net::ParsedPacket& parsed = lane.parsed;
  lane.tuple = {parsed.source, parsed.destination, parsed.source_port, parsed.destination_port,
                parsed.protocol};
  lane.hash = flow_hash(lane.snapshot->hash_key, lane.tuple);
  lane.verdict->flow = flows_.find(lane.table_hash(), lane.tuple, *lane.snapshot).flow;
  if (lane.verdict->flow != nullptr || workers_ == 1) return std::nullopt;
  if (lane.snapshot->service_table.find(parsed.destination, parsed.destination_port,
                                        parsed.protocol)) {
    return std::nullopt;
  }
  const std::uint16_t port = parsed.destination_port.host();
  if (port < limits::kSnatPortFirst || port % workers_ == worker_) return std::nullopt;
  lane.verdict->action = Action::kHandOver;
  lane.verdict->worker = static_cast<std::uint8_t>(port % workers_);
  return std::nullopt;
}

// Whom every service at the address refuses gets no answer from it.
Pipeline::Outcome Pipeline::echo(Lane& lane) noexcept {
  const Packet& packet = *lane.packet;
  const auto refusal = lane.snapshot->echo.refuses(lane.parsed.destination, lane.parsed.source);
  if (refusal) return refusal;
  net::echo_reply(packet.data, lane.parsed, lane.own_mac(packet.port));
  lane.verdict->action = Action::kReply;
  return std::nullopt;
}

Pipeline::Outcome Pipeline::decide_transport(Lane& lane) noexcept {
  if (lane.parsed.ttl <= 1) return Drop::kTtl;
  const auto found = flows_.find(lane.table_hash(), lane.tuple, *lane.snapshot);
  if (found.flow == nullptr) return without_flow(lane);
  return found.side == FlowTable::Side::kClient ? from_client(lane, *found.flow)
                                                : from_server(lane, *found.flow);
}

Pipeline::Outcome Pipeline::from_client(Lane& lane, Flow& flow) noexcept {
  const Server& server = lane.snapshot->servers[flow.server];
  const bool is_gone = server.incarnation != flow.server_incarnation;
  const bool is_lost = is_gone || server.state == ServerState::kDown;
  if (lane.is_opening()) note_silence(flow, *lane.snapshot, lane.now);
  // A datagram stands alone, and a SYN begins anew: both may go to another server. A segment in the
  // middle of a connection may not.
  if ((is_lost && flow.is_tcp == 0) || (lane.is_opening() && (is_lost || may_reopen(flow.state)))) {
    const std::uint16_t service = flow.service;
    const Opening opening = flow.is_tcp == 0 ? Opening::kMoved : Opening::kNew;
    lane.is_guided = end_flow(flow, *lane.snapshot) || lane.is_guided;
    return open_flow(lane, service, opening);
  }
  if (is_gone) {
    end_flow(flow, *lane.snapshot);
    return Drop::kServerGone;
  }
  // Of a connection that is over it is the last, or the first of one that came by the same port
  // since, of which the other unit is about to tell.
  const bool may_be_another = is_over(flow) && (lane.parsed.tcp_flags & (kTcpFin | kTcpRst)) == 0;
  if (may_be_another && lane.may_settle()) return lane.wait_or(Drop::kNoFlow);
  remember_client(flow, *lane.packet, lane.now);
  advance(flow, lane.parsed, true);
  return send_to_server(lane, flow);
}

void Pipeline::advance(Flow& flow, const net::ParsedPacket& parsed, bool from_client) noexcept {
  const std::uint8_t before = stage_of(flow);
  step(flow, parsed, from_client);
  if (stage_of(flow) != before) follow(flow, before);
}

// Called as the SYN comes again, and now and then: this flow may have waited for an answer too
// long.
void Pipeline::note_silence(Flow& flow, const Snapshot& snapshot, Tick now) noexcept {
  if (flow.state != FlowState::kSynSent || flow.is_nat == 0 || flow.has_failed != 0) return;
  const milliseconds waited(static_cast<std::uint32_t>(now - flow.last_seen));
  if (waited < kSynPatience || !has_its_server(flow, snapshot)) return;
  flow.has_failed = 1;
  if (!was_served(flow, snapshot, now)) return;
  counters_.connections[flow.server].unanswered.add();
}

// Called where a server's packet has changed the flow's state; both directions are seen. An answer
// counts however late it comes, a RST once a flow: data behind one draws more of them.
void Pipeline::note_answer(Flow& flow, FlowState before, std::uint8_t tcp_flags) noexcept {
  ConnectionCounter& connections = counters_.connections[flow.server];
  if (flow.state == FlowState::kSynAnswered) {
    connections.answered.add();
    flow.has_failed = 0;
  }
  if (flow.is_tcp == 0 || (tcp_flags & kTcpRst) == 0 || flow.has_failed != 0) return;
  if (before == FlowState::kSynSent) {
    connections.refused.add();
  } else if (before == FlowState::kSynAnswered || before == FlowState::kEstablished) {
    connections.reset.add();
  } else {
    return;
  }
  flow.has_failed = 1;
}

Pipeline::Outcome Pipeline::send_to_server(Lane& lane, const Flow& flow) noexcept {
  const Server& server = lane.snapshot->servers[flow.server];
  const Packet& packet = *lane.packet;
  if (!server.hop.resolved || (flow.is_nat == 0 && !server.on_link)) return Drop::kNoNeighbor;
  if (flow.is_nat != 0) {
    net::translate(packet.data, lane.parsed,
                   {flow.snat, server.address, flow.snat_port, server.port});
  } else {
    net::decrement_ttl(packet.data, lane.parsed);
  }
  net::set_macs(packet.data, server.hop.mac, lane.own_mac(server.hop.port));
  for (TrafficCounter* c : {&counters_.services[flow.service], &counters_.servers[flow.server]}) {
    c->packets_in.add();
    c->bytes_in.add(packet.length);
  }
  lane.verdict->action = Action::kForward;
  lane.verdict->port = server.hop.port;
  return std::nullopt;
}

Pipeline::Outcome Pipeline::from_server(Lane& lane, Flow& flow) noexcept {
  const Packet& packet = *lane.packet;
  const Service* service = &lane.snapshot->services[flow.service];
  if (service->incarnation != flow.service_incarnation) {
    end_flow(flow, *lane.snapshot);
    return Drop::kNoService;
  }
  // It leaves from the VIP, which since the flow began may have come to another group than the SNAT
  // address.
  if (!lane.serves(service->group)) return Drop::kNoLease;
  lane.verdict->group = service->group;
  const FlowState before = flow.state;
  flow.last_seen = lane.now;
  advance(flow, lane.parsed, false);
  if (flow.state != before) note_answer(flow, before, lane.parsed.tcp_flags);
  Hop hop = lane.snapshot->routing->resolve(flow.client);
  // Until the kernel has resolved the client, answers go back the way its packets came.
  if (!hop.resolved) hop = {flow.client_mac, flow.client_port_id, !flow.client_mac.is_zero()};
  if (!hop.resolved) return Drop::kNoNeighbor;
  net::translate(packet.data, lane.parsed,
                 {service->address, flow.client, service->port, flow.client_port});
  net::set_macs(packet.data, hop.mac, lane.own_mac(hop.port));
  for (TrafficCounter* c : {&counters_.services[flow.service], &counters_.servers[flow.server]}) {
    c->packets_out.add();
    c->bytes_out.add(packet.length);
  }
  lane.verdict->action = Action::kForward;
  lane.verdict->port = hop.port;
  return std::nullopt;
}

Pipeline::Outcome Pipeline::without_flow(Lane& lane) noexcept {
  const auto& tuple = lane.tuple;
  const auto service =
      lane.snapshot->service_table.find(tuple.destination, tuple.destination_port, tuple.protocol);
  if (service) {
    const auto owner = other_owner(lane.table_hash());
    if (!owner) return open_flow(lane, *service, Opening::kNew);
    lane.verdict->action = Action::kHandOver;
    lane.verdict->worker = *owner;
    return std::nullopt;
  }
  // No client asks here, so it is a server's answer, if anything: its port tells whose.
  const std::uint16_t port = tuple.destination_port.host();
  if (port >= limits::kSnatPortFirst && port % workers_ != worker_) {
    lane.verdict->action = Action::kHandOver;
    lane.verdict->worker = static_cast<std::uint8_t>(port % workers_);
    return std::nullopt;
  }
  return lane.missing(lane.is_tcp() && !lane.is_opening() ? Drop::kNoFlow : Drop::kNoService);
}

Pipeline::Outcome Pipeline::refused(std::uint16_t service_slot, Outcome reason) noexcept {
  if (reason) counters_.refusals[service_slot].by_reason[net::refusal_index(*reason)].add();
  return reason;
}

Pipeline::Outcome Pipeline::meets_lists(const Lane& lane, std::uint16_t service_slot) noexcept {
  return refused(service_slot, lane.snapshot->guards[service_slot].refuses(lane.tuple.source));
}

// Limits are on what begins: a datagram's flow that moves, and a connection that dsr meets in the
// middle, have begun before.
Pipeline::Outcome Pipeline::meets_limits(const Lane& lane, std::uint16_t service_slot,
                                         Opening opening) noexcept {
  const bool begins = opening == Opening::kNew && (lane.is_opening() || !lane.is_tcp());
  const Snapshot& snapshot = *lane.snapshot;
  if (!begins || !snapshot.guards[service_slot].has_limits()) return std::nullopt;
  return refused(service_slot, admission_.refuses(snapshot.guards[service_slot], service_slot,
                                                  lane.tuple.source, snapshot.hash_key, lane.now));
}

Pipeline::Outcome Pipeline::open_flow(Lane& lane, std::uint16_t service_slot,
                                      Opening opening) noexcept {
  const Service& service = lane.snapshot->services[service_slot];
  const bool is_nat = service.method == Method::kNat;
  if (service.is_guarded) {
    if (const Outcome refusal = meets_lists(lane, service_slot)) return refusal;
  }
  // A nat connection cannot be picked up in the middle: nobody knows its SNAT port any more. In dsr
  // the table still knows the server of one that it chose.
  if (is_nat && lane.is_tcp() && !lane.is_opening()) return lane.missing(Drop::kNoFlow);
  if (service.maglev == nullptr || service.maglev->empty()) return Drop::kNoServer;

  const Scheduler::Newcomer newcomer{lane.choice_hash(), lane.tuple.source,
                                     !lane.is_tcp() || lane.is_opening()};
  const auto choice = scheduler_.choose(*lane.snapshot, service, newcomer);
  const Server& server = lane.snapshot->servers[choice.server];
  if (!is_reachable(server, service.method)) {
    if (is_nat && lane.is_tcp()) counters_.connections[choice.server].unanswered.add();
    return Drop::kNoNeighbor;
  }
  if (service.is_guarded) {
    if (const Outcome refusal = meets_limits(lane, service_slot, opening)) return refusal;
  }

  Flow flow{};
  flow.client = lane.tuple.source;
  flow.client_port = lane.tuple.source_port;
  flow.service = service_slot;
  flow.service_incarnation = service.incarnation;
  flow.server = choice.server;
  flow.server_incarnation = server.incarnation;
  flow.client_hash = lane.table_hash();
  flow.is_tcp = lane.is_tcp() ? 1 : 0;
  flow.is_nat = is_nat ? 1 : 0;
  flow.diverted = choice.diverted ? 1 : 0;
  flow.state = !lane.is_tcp()      ? FlowState::kUdpOne
               : lane.is_opening() ? FlowState::kSynSent
                                   : FlowState::kEstablished;
  flow.server_hash = endpoint_hash(lane.snapshot->hash_key, server.address, server.port);
  if (is_nat && !choose_snat(lane, service, server, flow)) return Drop::kNoSnatPort;
  step(flow, lane.parsed, true);
  remember_client(flow, *lane.packet, lane.now);

  Flow* const opened = flows_.insert(flow);
  if (opened == nullptr) {
    if (is_nat) return Drop::kFlowTableFull;
    // Stateless: the table alone keeps the flow together.
    flow.server = Scheduler::implied(*lane.snapshot, service, newcomer);
    return send_to_server(lane, flow);
  }
  enter(*opened);
  if (lane.is_guided) guide(*opened);
  return send_to_server(lane, flow);
}

// Port choice after RFC 6056 section 3.3.3: a keyed hash says where to begin, and the flow table
// says what is taken. A port is free for this server while no other flow has it there, so one SNAT
// address serves 64,512 flows to each server, not in all.
bool Pipeline::choose_snat(const Lane& lane, const Service& service, const Server& server,
                           Flow& flow) noexcept {
  const std::uint64_t start = HashKey::mix(lane.hash + ++snat_sequence_);
  const unsigned remainder = unsigned{limits::kSnatPortFirst} % workers_;
  const unsigned first =
      limits::kSnatPortFirst + (unsigned{worker_} + workers_ - remainder) % workers_;
  const unsigned ports = (65535U - first) / workers_ + 1;
  const std::size_t addresses = service.snat.size();
  for (unsigned attempt = 0; attempt < limits::kSnatPortTries; ++attempt) {
    flow.snat = service.snat[(start + attempt) % addresses];
    const auto offset = static_cast<unsigned>((start >> 16) + attempt) % ports;
    flow.snat_port = net::Be16::from_host(static_cast<std::uint16_t>(first + offset * workers_));
    if (lane.snapshot->service_table.find(flow.snat, flow.snat_port, lane.tuple.protocol)) continue;
    const FlowTuple answer{server.address, flow.snat, server.port, flow.snat_port,
                           lane.tuple.protocol};
    flow.server_hash = static_cast<std::uint32_t>(flow_hash(lane.snapshot->hash_key, answer));
    if (flows_.find(flow.server_hash, answer, *lane.snapshot).flow == nullptr) return true;
  }
  return false;
}

bool Pipeline::end_flow(Flow& flow, const Snapshot& snapshot) noexcept {
  counters_.flows_open_removed.add();
  const bool was_over = is_over(flow);
  TrafficCounter& service = counters_.services[flow.service];
  if (has_its_service(flow, snapshot)) {
    service.flows_ended.add();
    if (was_over) counters_.service_rests[flow.service].ended.add();
  } else {
    service.flows_orphaned.add();
  }
  if (has_its_server(flow, snapshot)) {
    counters_.servers[flow.server].flows_ended.add();
    if (was_over) counters_.server_rests[flow.server].ended.add();
  }
  if (is_open(flow.state)) lose_load(flow);
  if (journal_ != nullptr) journal_->ended(flow);
  const bool was_guided = unguide(flow);
  flows_.erase(&flow);
  return was_guided;
}

}  // namespace yoke::lb
