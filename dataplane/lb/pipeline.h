// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/lb/admission.h"
#include "dataplane/lb/counters.h"
#include "dataplane/lb/flow_directory.h"
#include "dataplane/lb/flow_journal.h"
#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/scheduler.h"
#include "dataplane/lb/snapshot.h"
#include "dataplane/net/drop.h"
#include "dataplane/net/parse.h"

// What happens to a packet, decided and written into it, a burst at a time. Pure: bytes and tables
// in, verdicts out; no port, no mbuf, no system call, no allocation.
//
// Each burst goes through in stages, so that the memory one stage needs was asked for by the stage
// before: parse and hash all, prefetch buckets; find flows, prefetch entries; decide and rewrite.
// Threads: one Pipeline a worker, owned by it.
namespace yoke::lb {

// A frame in one contiguous piece of memory, rewritten in place.
struct Packet {
  std::uint8_t* data = nullptr;
  std::uint16_t length = 0;
  std::uint16_t room = 0;       // bytes that may be written behind it: an answer can be longer
  std::uint8_t port = 0;        // where it came in
  bool is_handed_over = false;  // by a worker that will do so with those that follow
  bool is_stray = false;        // sent on by the other unit, and never to be sent on again
  bool may_wait = false;        // there is room for it to wait in (kWait)
};

// What a burst is decided for.
struct GroupRoles {
  GroupRoles(GroupSet all_served) noexcept : served(all_served) {}  // NOLINT: it is what they are

  GroupSet served = 0;      // this unit's
  GroupSet redirected = 0;  // handed over to the other a moment ago: what comes is sent on to it
  GroupSet settling = 0;    // taken over a moment ago: it may not have heard of all flows yet
};

enum class Action : std::uint8_t {
  kForward,   // rewritten; leaves by Verdict::port
  kReply,     // turned into an answer (ARP, ND, echo); leaves by Verdict::port
  kPunt,      // untouched; for the kernel twin of the port it came in by
  kHandOver,  // untouched; belongs to Verdict::worker
  kRedirect,  // untouched; belongs to the other unit, with the flow that it is of
  kWait,      // untouched; to be tried again: the lease or the flow may be about to come
  kDrop,      // counted already, under its reason
};

struct Verdict {
  Action action = Action::kDrop;
  std::uint8_t port = 0;
  std::uint8_t worker = 0;
  std::uint8_t group = 0;      // whose VIPs it comes from: to be looked at again before it is sent
  bool is_stray = false;       // kHandOver: as the packet is
  std::uint16_t length = 0;    // of the frame to send: as received, except for some replies
  const Flow* flow = nullptr;  // kRedirect: of this worker's, until flows are touched; null: none
};

class Pipeline {
 public:
  // `worker` of `workers`: SNAT ports are shared out by port modulo workers, so that any worker can
  // tell the owner of a server's answer. `admission` is that of all workers.
  Pipeline(std::uint8_t worker, std::uint8_t workers, FlowTable& flows, WorkerCounters& counters,
           Admission& admission);

  // Decides on every packet of `burst` (at most limits::kBurst); verdicts[i] is for burst[i]. What
  // is for a group that is not served is dropped, or redirected, and touches no flow.
  // Counts drops, per-service and per-server traffic, and what becomes of connections (nat). The
  // caller counts rx, tx, replied, punted, handed_over, and the drops that only it can see
  // (tx-full, punt-limit...).
  void process(std::span<const Packet> burst, std::span<Verdict> verdicts, const Snapshot& snapshot,
               Tick now, const GroupRoles& roles) noexcept;

  // Looks at the next `entries` flows and ends those that are idle for too long, or whose service
  // is gone or has lists that refuse their client now (looked at once a change of the lists);
  // counts those whose SYN has had no answer, unless their group was without a lease since: SYN or
  // answer may have come to nobody. Such flows rest as others do, and end no sooner. The caller
  // spreads calls so that the whole table is seen every few seconds.
  void sweep(const Snapshot& snapshot, Tick now, GroupSet served, std::uint32_t entries) noexcept;

  // `groups` were without a lease at `now`, if only for a moment: what was decided for them was not
  // sent. process() and sweep() note themselves what they are told.
  void note_lapse(GroupSet groups, Tick now) noexcept;

  // Where flows are noted as they open, change and end; null: nowhere.
  void keep_journal(FlowJournal* journal) noexcept { journal_ = journal; }

  // Where workers find the owners of flows that they do not have; null: nowhere.
  void share_directory(FlowDirectory* directory) noexcept { directory_ = directory; }

  // What the peer tells, made true of the table as if it had happened here: loads and counters go
  // with it. Whatever stands in the way of the flow ends. `wanted` names a service and a server
  // that are there, and has its hashes. The flow; null if the table is full.
  Flow* adopt(const Flow& wanted, const Snapshot& snapshot) noexcept;
  // The flow of this client and service; null if there is none.
  [[nodiscard]] Flow* find_client(const FlowTuple& tuple, const Snapshot& snapshot) noexcept;
  // True if other workers knew where it is (FlowDirectory).
  bool end_flow(Flow& flow, const Snapshot& snapshot) noexcept;

 private:
  struct Lane;                               // one packet on its way through the stages
  using Outcome = std::optional<net::Drop>;  // nothing: the verdict is written

  void prepare(Lane& lane, const Packet& packet, const Snapshot& snapshot) noexcept;
  [[nodiscard]] Outcome decide(Lane& lane) noexcept;
  [[nodiscard]] Outcome decide_transport(Lane& lane) noexcept;
  [[nodiscard]] Outcome from_client(Lane& lane, Flow& flow) noexcept;
  [[nodiscard]] Outcome from_server(Lane& lane, Flow& flow) noexcept;
  [[nodiscard]] Outcome without_flow(Lane& lane) noexcept;
  // Why a flow that is opened is: it is new to us, or moves from a server that is lost.
  enum class Opening : std::uint8_t { kNew, kMoved };
  [[nodiscard]] Outcome open_flow(Lane& lane, std::uint16_t service_slot, Opening opening) noexcept;
  // What lists and limits say of it.
  [[nodiscard]] Outcome meets_lists(const Lane& lane, std::uint16_t service_slot) noexcept;
  [[nodiscard]] Outcome meets_limits(const Lane& lane, std::uint16_t service_slot,
                                     Opening opening) noexcept;
  [[nodiscard]] Outcome refused(std::uint16_t service_slot, Outcome reason) noexcept;
  [[nodiscard]] Outcome echo(Lane& lane) noexcept;
  [[nodiscard]] Outcome without_lease(Lane& lane) noexcept;
  [[nodiscard]] bool choose_snat(const Lane& lane, const Service& service, const Server& server,
                                 Flow& flow) noexcept;
  void advance(Flow& flow, const net::ParsedPacket& parsed, bool from_client) noexcept;
  void note_served(GroupSet served, Tick now) noexcept;
  void note_silence(Flow& flow, const Snapshot& snapshot, Tick now) noexcept;
  [[nodiscard]] bool was_served(const Flow& flow, const Snapshot& snapshot,
                                Tick now) const noexcept;
  void note_answer(Flow& flow, FlowState before, std::uint8_t tcp_flags) noexcept;
  [[nodiscard]] Outcome send_to_server(Lane& lane, const Flow& flow) noexcept;
  void add_load(const Flow& flow) noexcept;
  void lose_load(const Flow& flow) noexcept;
  void begin_rest(const Flow& flow) noexcept;
  void follow(Flow& flow, std::uint8_t before) noexcept;
  void enter(Flow& flow) noexcept;
  void guide(const Flow& flow) noexcept;
  [[nodiscard]] bool unguide(const Flow& flow) noexcept;
  [[nodiscard]] std::optional<std::uint8_t> other_owner(std::uint32_t hash) const noexcept;

  std::uint8_t worker_;
  std::uint8_t workers_;
  FlowTable& flows_;
  WorkerCounters& counters_;
  Admission& admission_;
  Scheduler scheduler_;
  FlowJournal* journal_ = nullptr;
  FlowDirectory* directory_ = nullptr;
  std::uint32_t guided_ = 0;         // flows of ours that stand in it
  std::uint64_t lists_version_ = 0;  // Snapshot::lists_version that flows are held against
  std::uint32_t duty_changes_ = 0;   // FlowJournal::changes() of the last sweep
  std::uint32_t unaudited_ = 0;      // places of the flow table that are still to be
  std::uint64_t snat_sequence_ = 0;
  GroupSet served_ = kEveryGroup;  // as of the last burst or sweep
  std::array<Tick, 64> lapses_{};  // of groups: when one was last seen without a lease
  GroupSet lapsed_ = 0;            // those that have an entry there
};

}  // namespace yoke::lb
