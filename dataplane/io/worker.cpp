// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/worker.h"

#include <pthread.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>
#include <sys/prctl.h>

#include <algorithm>
#include <future>
#include <new>
#include <string>
#include <utility>

#include "dataplane/io/errors.h"
#include "dataplane/lb/leave.h"

namespace yoke::io {
namespace {

std::vector<WatchedQueue> watched(const std::vector<RxQueue>& queues) {
  std::vector<WatchedQueue> list;
  list.reserve(queues.size());
  for (const RxQueue& q : queues) list.push_back({q.port_id, q.queue, q.wait});
  return list;
}

Status pin(std::uint8_t worker, const std::optional<unsigned>& core) {
  if (!core) return {};
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(*core, &set);
  if (::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) == 0) return {};
  return fail(Errc::kInvalid, error::kCores,
              "worker " + std::to_string(worker) + " cannot run on core " + std::to_string(*core));
}

void set_length(Frame frame, std::uint16_t length) noexcept {
  frame->data_len = length;
  frame->pkt_len = length;
}

}  // namespace

Worker::Worker(WorkerConfig config, Shared shared)
    : config_(std::move(config)),
      shared_(shared),
      counters_(shared.counters),
      outbox_(config_.id, config_.routes, shared.handover, shared.kernel, shared.leases, counters_,
              config_.limits),
      idle_(make_idle_strategy(config_.idle, shared.handover.wake(config_.id),
                               watched(config_.queues))),
      clock_(config_.epoch),
      sweep_(config_.flows, kSweepPeriodMs) {}

Result<std::unique_ptr<Worker>> Worker::start(WorkerConfig config, Shared shared) {
  std::unique_ptr<Worker> worker(new Worker(std::move(config), shared));
  std::promise<Status> settled;
  auto outcome = settled.get_future();
  worker->thread_ = std::jthread(
      [w = worker.get(), settled = std::move(settled)](const std::stop_token& stop) mutable {
        auto status = w->settle();
        const bool fine = status.has_value();
        settled.set_value(std::move(status));
        if (!fine) return;
        w->run(stop);
        rte_thread_unregister();
      });
  if (auto status = outcome.get(); !status) return tl::unexpected(status.error());
  return worker;
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  shared_.handover.wake(config_.id).call();
  thread_.join();
}

Status Worker::settle() {
  const std::string name = "yoke-worker-" + std::to_string(config_.id);
  ::pthread_setname_np(::pthread_self(), name.c_str());
  // Else a wait of 10 us takes 60.
  (void)::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  if (auto fine = pin(config_.id, config_.core); !fine) return fine;
  if (rte_thread_register() != 0) {
    return fail(Errc::kFailed, error::kCores,
                name + " got no place in DPDK: " + rte_strerror(rte_errno));
  }
  if (auto fine = make_tables(); !fine) {
    rte_thread_unregister();
    return fine;
  }
  shared_.snapshots.enter(config_.id);
  return {};
}

Status Worker::make_tables() {
  try {
    flows_.emplace(config_.flows);
    pipeline_.emplace(config_.id, config_.workers, *flows_, counters_, shared_.admission);
    if (FlowCourier* courier = shared_.courier; courier != nullptr) {
      desk_.emplace(*pipeline_, *flows_, courier->directory(), courier->lanes(config_.id),
                    courier->wake());
    }
    return {};
  } catch (const std::bad_alloc&) {
    return fail(
        Errc::kFailed, error::kMemory,
        "flows = " + std::to_string(config_.flows) + " a worker do not fit into memory: lower it");
  }
}

void Worker::run(const std::stop_token& stop) noexcept {
  while (!stop.stop_requested()) {
    rounds_.add();
    const lb::Snapshot* snapshot = shared_.snapshots.current();
    const unsigned found = snapshot == nullptr ? 0 : round(*snapshot, clock_.now());
    shared_.snapshots.quiescent(config_.id);
    if (found > 0) {
      idle_->busy();
    } else if (idle_->wants_sleep() && !stop.stop_requested()) {
      sleep();
    }
  }
  shared_.snapshots.leave(config_.id);
}

void Worker::sleep() noexcept {
  shared_.snapshots.rest(config_.id);
  idle_->sleep();
  shared_.snapshots.resume(config_.id);
}

unsigned Worker::round(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  unsigned found = send_for_kernel(snapshot);
  for (const RxQueue& queue : config_.queues) found += receive(queue, snapshot, now);
  found += take_over(snapshot, now);
  if (const auto entries = sweep_.due(now); entries > 0) {
    pipeline_->sweep(snapshot, now, shared_.leases.served(snapshot), entries);
  }
  if (desk_ && desk_->turn(snapshot, now, shared_.leases.served(snapshot))) ++found;
  return found;
}

unsigned Worker::receive(const RxQueue& queue, const lb::Snapshot& snapshot,
                         lb::Tick now) noexcept {
  std::array<Frame, limits::kBurst> frames;
  const unsigned count = rte_eth_rx_burst(queue.port_id, queue.queue, frames.data(),
                                          static_cast<std::uint16_t>(frames.size()));
  if (count == 0) return 0;
  for (unsigned i = 0; i < count; ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(frames[i], void*));
    frames[i]->port = queue.port;  // from here on our index, which every worker understands
  }
  counters_.rx.add(count);
  process({frames.data(), count}, false, snapshot, now);
  flush(snapshot, now);
  return count;
}

unsigned Worker::take_over(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  unsigned total = 0;
  for (unsigned from = 0; from < config_.workers; ++from) {
    if (from == config_.id) continue;
    std::array<Frame, limits::kBurst> frames;
    const unsigned count = shared_.handover.take(from, config_.id, frames);
    if (count == 0) continue;
    total += count;
    counters_.taken_over.add(count);
    unsigned undecided = 0;
    for (unsigned i = 0; i < count; ++i) {
      const auto errand = Errand::read(frames[i]);
      if (errand.decided) {
        outbox_.add(frames[i], errand);
      } else {
        frames[undecided++] = frames[i];
      }
    }
    process({frames.data(), undecided}, true, snapshot, now);
    flush(snapshot, now);
  }
  return total;
}

void Worker::process(std::span<const Frame> frames, bool are_handed_over,
                     const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  std::array<Frame, limits::kBurst> whole;
  std::array<lb::Packet, limits::kBurst> packets;
  std::array<lb::Verdict, limits::kBurst> verdicts;
  unsigned count = 0;
  for (const Frame frame : frames) {
    // The pipeline works on one piece of memory; a frame in several is made one where it fits.
    if (frame->nb_segs > 1 && rte_pktmbuf_linearize(frame) != 0) {
      outbox_.drop(frame, net::Drop::kTruncated);
      continue;
    }
    whole[count] = frame;
    packets[count++] = {rte_pktmbuf_mtod(frame, std::uint8_t*), frame->data_len,
                        rte_pktmbuf_tailroom(frame), static_cast<std::uint8_t>(frame->port),
                        are_handed_over};
  }
  if (count == 0) return;
  pipeline_->process({packets.data(), count}, {verdicts.data(), count}, snapshot, now,
                     shared_.leases.served(snapshot));
  if (desk_) desk_->flush(snapshot, now);
  for (unsigned i = 0; i < count; ++i) {
    if (verdicts[i].action == lb::Action::kReply) set_length(whole[i], verdicts[i].length);
    outbox_.add(whole[i], verdicts[i], now);
  }
}

void Worker::flush(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  outbox_.flush(snapshot);
  if (const lb::GroupSet groups = outbox_.take_unserved()) pipeline_->note_lapse(groups, now);
}

unsigned Worker::send_for_kernel(const lb::Snapshot& snapshot) noexcept {
  if (config_.id != 0 || shared_.kernel == nullptr) return 0;
  unsigned total = 0;
  for (unsigned port = 0; port < shared_.kernel->ports(); ++port) {
    std::array<Frame, limits::kBurst> frames;
    const unsigned count = shared_.kernel->take(port, frames);
    total += count;
    const unsigned piece =
        snapshot.held.empty() ? unsigned{limits::kBurst} : unsigned{config_.routes[port].piece};
    for (unsigned first = 0; first < count; first += piece) {
      send_for_kernel(port, {&frames[first], std::min(piece, count - first)}, snapshot);
    }
  }
  return total;
}

void Worker::send_for_kernel(unsigned port, std::span<Frame> frames,
                             const lb::Snapshot& snapshot) noexcept {
  TwinCounters& counters = shared_.kernel->counters(port);
  const lb::GroupSet served = shared_.leases.served(snapshot);
  std::uint16_t count = 0;
  for (const Frame frame : frames) {
    if (lb::may_leave(rte_pktmbuf_mtod(frame, const std::uint8_t*), frame->data_len, snapshot,
                      served)) {
      frames[count++] = frame;
    } else {
      counters.unserved.add();
      rte_pktmbuf_free(frame);
    }
  }
  if (count == 0) return;
  const TxRoute& route = config_.routes[port];
  const unsigned sent = rte_eth_tx_burst(route.port_id, route.queue, frames.data(), count);
  counters.sent.add(sent);
  counters.unsent.add(count - sent);
  if (sent < count) rte_pktmbuf_free_bulk(&frames[sent], count - sent);
}

}  // namespace yoke::io
