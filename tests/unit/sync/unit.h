// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/sync/adopter.h"
#include "dataplane/sync/exporter.h"
#include "dataplane/sync/receiver.h"
#include "dataplane/sync/sender.h"
#include "tests/unit/lb/rig.h"

// A unit without ports: workers with the production pipeline, exporter and adopter, and the
// production sender and receiver of its thread to the peer.
namespace yoke::sync {

// A flow as anybody could write it down: who, to which VIP -> which server, by which SNAT port, how
// far. In plain text, so that it owes nothing to slots, hashes or records.
using PlainFlows = std::map<std::string, std::string>;

struct UnitSpec {
  std::uint8_t workers = 2;
  std::uint32_t flows = 4000;   // a worker
  std::size_t out_room = 4096;  // records
  std::size_t in_room = 4096;
  bool has_other_slots = false;  // services and servers stand elsewhere than usual
  std::uint64_t seed = 1;        // for what is by chance at its start
  SenderConfig sender;
};

class Unit {
 public:
  struct Worker {
    Worker(std::uint8_t number, const UnitSpec& spec)
        : rig(number, spec.workers, spec.flows),
          journal(1024),
          out(spec.out_room),
          in(spec.in_room),
          exporter(journal, rig.flows_, out),
          adopter({rig.pipeline_, rig.flows_, journal, in}, 512) {
      rig.pipeline_.keep_journal(&journal);
    }
    lb::Rig rig;
    lb::FlowJournal journal;
    OutLane out;
    InLane in;
    Exporter exporter;
    Adopter adopter;
  };

  explicit Unit(const UnitSpec& spec)
      : spec_(spec), servers_(64), directory_(std::size_t{spec.flows} * spec.workers) {
    std::vector<OutLane*> out;
    std::vector<InLane*> in;
    for (std::uint8_t i = 0; i < spec.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(i, spec));
      configure(workers_.back()->rig.snapshot_);
      workers_.back()->rig.rebuild();
      workers_.back()->rig.pipeline_.share_directory(&directory_);
      out.push_back(&workers_.back()->out);
      in.push_back(&workers_.back()->in);
    }
    SenderConfig config = spec.sender;
    config.generation = spec.seed * 1'000'003;
    sender_.emplace(config, out);
    ReceiverConfig receiver;
    receiver.instance = spec.seed * 7'000'003;
    receiver.streams_max = 8;
    receiver_.emplace(receiver, in, &servers_);
  }

  void set_duty(lb::FlowDuty duty) {
    lb::FlowDuties duties;
    duties.fill(duty);
    for (auto& worker : workers_) worker->exporter.set_duties(duties);
  }
  // What the workers do between bursts.
  void turn(lb::Tick now, std::uint32_t entries = 512, std::uint32_t records = 512) {
    for (auto& w : workers_) {
      w->rig.now_ = now;
      w->exporter.step(w->rig.snapshot_, now, entries);
      w->adopter.step(w->rig.snapshot_, now, records, entries);
    }
  }
  void sweep(lb::Tick now, std::uint32_t entries) {
    for (auto& w : workers_) {
      w->rig.pipeline_.sweep(w->rig.snapshot_, now, lb::kEveryGroup, entries);
      w->exporter.flush(w->rig.snapshot_, now);
    }
  }
  // A packet that comes to this worker, and goes on to whoever it is handed over to.
  lb::Rig::Result send(std::size_t worker, const test::PacketSpec& spec, std::uint8_t port) {
    lb::Rig::Result result;
    for (std::size_t hops = 0; hops <= workers_.size(); ++hops) {
      Worker& w = *workers_[worker];
      result = w.rig.send(spec, port, hops > 0);
      w.exporter.flush(w.rig.snapshot_, w.rig.now_);
      if (result.verdict.action != lb::Action::kHandOver) break;
      worker = result.verdict.worker;
    }
    return result;
  }
  Worker& worker(std::size_t i) { return *workers_[i]; }
  [[nodiscard]] std::size_t workers() const { return workers_.size(); }
  template <typename Change>
  void reconfigure(Change&& change) {
    for (auto& w : workers_) {
      change(w->rig.snapshot_);
      w->rig.rebuild();
    }
  }

  // The flows that a peer must know.
  [[nodiscard]] PlainFlows plain_flows() {
    PlainFlows all;
    for (auto& w : workers_) {
      const lb::Snapshot& s = w->rig.snapshot_;
      (void)w->rig.flows_.scan(1, w->rig.flows_.capacity(), [&](lb::Flow& flow) {
        const lb::Service& service = s.services[flow.service];
        if (!must_be_known(flow, service, s)) return true;
        const std::string key =
            flow.client.to_string() + " " + std::to_string(flow.client_port.host()) + " " +
            service.address.to_string() + " " + std::to_string(static_cast<int>(service.protocol));
        const lb::Server& server = s.servers[flow.server];
        all[key] = server.address.to_string() + " " + flow.snat.to_string() + " " +
                   std::to_string(flow.snat_port.host()) + " " +
                   std::to_string(static_cast<int>(flow.state)) + " " +
                   std::to_string(flow.client_fin) + std::to_string(flow.server_fin);
        return true;
      });
    }
    return all;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t n = 0;
    for (const auto& w : workers_) n += w->rig.flows_.size();
    return n;
  }

  UnitSpec spec_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
  SpscRing<Record> servers_;
  lb::FlowDirectory directory_;

 private:
  void configure(lb::Snapshot& s) const {
    for (lb::Service& service : s.services) {
      if (service.method == lb::Method::kDsr) {
        service.scheduling = lb::Scheduling::kLeastConnections;
      }
    }
    if (!spec_.has_other_slots) return;
    std::ranges::reverse(s.services);
    std::ranges::reverse(s.servers);
    s.servers.insert(s.servers.begin(), lb::Server{});
    for (lb::Server& server : s.servers) server.incarnation *= 9;
    for (std::size_t i = 0; i < s.services.size(); ++i) {
      s.services[i].incarnation = 5;
      s.services[i].pool = static_cast<std::uint16_t>(i);
    }
  }
  static bool must_be_known(const lb::Flow& flow, const lb::Service& service,
                            const lb::Snapshot& s) {
    if (service.method == lb::Method::kNat) {
      return flow.state != lb::FlowState::kSynSent && flow.state != lb::FlowState::kUdpOne;
    }
    const std::uint64_t hash = lb::flow_hash(
        s.hash_key,
        {flow.client, service.address, flow.client_port, service.port, service.protocol});
    return service.maglev->empty() ||
           service.maglev->pick(static_cast<std::uint32_t>(hash >> 32)).server != flow.server;
  }

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace yoke::sync
