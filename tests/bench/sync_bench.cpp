// SPDX-License-Identifier: Apache-2.0
// Flow sync on one core: all that is done for a record, from the worker that has the flow to the
// peer's worker that adopts it, against copying the same octets once.
//
// First every flow there is, as the walk that begins a session tells it, into an empty table; then
// changes of them, told one by one. Both units are in this one process, the wire is a call, and the
// copy is timed in turn with the rest; all in time that this thread had a core.
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "tests/unit/sync/unit.h"

namespace yoke::sync {
namespace {

constexpr std::uint32_t kFlows = 1U << 20;
constexpr int kRounds = 3;
// Time that this thread had a core.
double cpu_seconds() {
  timespec t{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

UnitSpec spec(std::uint64_t seed) {
  UnitSpec s;
  s.workers = 1;
  s.flows = kFlows + kFlows / 4;
  s.out_room = 1U << 14;
  s.in_room = 1U << 14;
  s.seed = seed;
  s.has_other_slots = seed == 2;
  return s;
}

class Bench {
 public:
  Bench() : ours_(spec(1)), theirs_(spec(2)) {
    for (Unit* unit : {&ours_, &theirs_}) {
      unit->reconfigure([](lb::Snapshot& s) {
        for (lb::Service& service : s.services) {
          for (std::uint8_t i = 1; i < 16 && service.address.is_v4(); ++i) {
            service.snat.push_back(net::IpAddress::v4(203, 0, 114, i));
          }
        }
      });
    }
    ours_.set_duty(lb::FlowDuty::kSend);
    theirs_.set_duty(lb::FlowDuty::kReceive);
    ours_.turn(1000, ~0U);
    theirs_.turn(1000, ~0U);
    open_flows();
  }

  void run() {
    std::printf("%-28s %12s %12s %10s %12s\n", "", "records", "records/s", "seconds", "of a copy");
    const double from = cpu_seconds();
    while (!ours_.sender_->is_synced(now_) || theirs_.size() < ours_.size()) turn();
    report("bulk, whole table", ours_.size(), cpu_seconds() - from);
    for (int round = 0; round < kRounds; ++round) {
      change_flows(round);
      const double began = cpu_seconds();
      replay();
      report("incremental", changes_.size(), cpu_seconds() - began);
    }
  }

 private:
  void open_flows() {
    lb::Rig& rig = ours_.worker(0).rig;
    for (std::uint32_t i = 0; i < kFlows; ++i) {
      lb::Flow flow{};
      flow.client = net::IpAddress::v4(100, 64, static_cast<std::uint8_t>(i >> 8),
                                       static_cast<std::uint8_t>(i));
      flow.client_port = net::Be16::from_host(static_cast<std::uint16_t>(1024 + (i >> 16)));
      const lb::Service& service = rig.snapshot_.services[0];
      flow.service_incarnation = service.incarnation;
      flow.server = static_cast<std::uint16_t>(i % 3);
      const lb::Server& server = rig.snapshot_.servers[flow.server];
      flow.server_incarnation = server.incarnation;
      flow.is_tcp = flow.is_nat = 1;
      flow.state = lb::FlowState::kEstablished;
      flow.last_seen = 1000;
      flow.snat = service.snat[i % 16];
      const std::uint32_t number = i / 16 / 3;
      flow.snat_port = net::Be16::from_host(static_cast<std::uint16_t>(1024 + number));
      const auto low = [&](const lb::FlowTuple& t) {
        return static_cast<std::uint32_t>(lb::flow_hash(rig.snapshot_.hash_key, t));
      };
      flow.client_hash =
          low({flow.client, service.address, flow.client_port, service.port, service.protocol});
      flow.server_hash =
          low({server.address, flow.snat, server.port, flow.snat_port, service.protocol});
      if (rig.flows_.insert(flow) == nullptr) std::printf("no room for flow %u\n", i);
    }
  }
  // A quarter of all flows, spread over the table, in the order in which they will change.
  void change_flows(int round) {
    changes_.clear();
    (void)ours_.worker(0).rig.flows_.scan(1, ~0U, [&](lb::Flow& flow) {
      if ((flow.client_hash >> 8) % 4 == static_cast<unsigned>(round)) changes_.push_back(&flow);
      return true;
    });
  }
  void replay() {
    auto& w = ours_.worker(0);
    std::size_t next = 0;
    const auto before = ours_.sender_->counters().records;
    while (next < changes_.size() || ours_.sender_->counters().records - before < changes_.size() ||
           !ours_.sender_->is_synced(now_)) {
      // Bursts, for as long as there is room: nothing is measured where there are gaps.
      for (int burst = 0; burst < 64 && next < changes_.size(); ++burst) {
        if (!w.out.records.has_room(64)) break;
        for (int i = 0; i < 32 && next < changes_.size(); ++i) {
          lb::Flow& flow = *changes_[next++];
          const std::uint8_t stage = lb::stage_of(flow);
          flow.client_fin ^= 1;
          w.journal.changed(flow, stage);
        }
        w.exporter.flush(w.rig.snapshot_, 1000);
      }
      turn();
    }
  }
  void turn() {
    now_ += std::chrono::microseconds(100);
    ours_.turn(1000, 8192);
    ours_.sender_->step(now_);
    for (auto f = ours_.sender_->next(now_); !f.empty(); f = ours_.sender_->next(now_)) {
      theirs_.receiver_->take(f, now_);
    }
    theirs_.receiver_->step(now_);
    theirs_.turn(1000, 8192, 8192);
    theirs_.receiver_->step(now_);
    for (auto f = theirs_.receiver_->next(now_); !f.empty(); f = theirs_.receiver_->next(now_)) {
      ours_.sender_->take(f, now_);
    }
  }
  static double copy_seconds(std::size_t records) {
    static std::vector<std::uint8_t> from(std::size_t{kFlows} * kRecordBytes, 1);
    static std::vector<std::uint8_t> to(from.size());
    const double began = cpu_seconds();
    for (std::size_t at = 0; at < records * kRecordBytes; at += kRecordBytes) {
      std::memcpy(&to[at], &from[at], kRecordBytes);
    }
    asm volatile("" ::"r"(to.data()) : "memory");
    return cpu_seconds() - began;
  }
  static void report(const char* what, std::size_t records, double took) {
    std::array<double, 5> copies{};
    for (double& copy : copies) copy = copy_seconds(records);
    std::sort(copies.begin(), copies.end());
    const double copy = copies[copies.size() / 2];
    std::printf("%-28s %12zu %12.0f %10.3f %11.1fx\n", what, records,
                static_cast<double>(records) / took, took, took / copy);
  }

  Unit ours_, theirs_;
  MonoTime now_{std::chrono::seconds(1000)};
  std::vector<lb::Flow*> changes_;
};

}  // namespace
}  // namespace yoke::sync

int main() {
  yoke::sync::Bench().run();
  return 0;
}
