// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/worker.h"

#include <pthread.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <new>
#include <string>
#include <utility>

#include "dataplane/io/errors.h"
#include "dataplane/lb/leave.h"
#include "dataplane/lb/trial.h"
#include "dataplane/sync/exporter.h"

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
      sweep_(config_.flows, kSweepPeriodMs) {
  waiting_.reserve(kWaiting + limits::kBurst);
  tried_.reserve(kWaiting + limits::kBurst);
}

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
    shared_.pulse.rounds.store(rounds_.value(), std::memory_order_relaxed);
    // Nothing that was decided waits here, and all that follows looks at the leases behind this.
    if (shared_.seen != nullptr) shared_.seen->note(shared_.leases.revocations());
    const lb::Snapshot* snapshot = shared_.snapshots.current();
    const unsigned found = snapshot == nullptr ? 0 : round(*snapshot, clock_.now());
    shared_.snapshots.quiescent(config_.id);
    if (found > 0) {
      idle_->busy();
    } else if (!waiting_.empty()) {
      std::this_thread::sleep_for(kTryEvery / 4);
    } else if (idle_->wants_sleep() && !stop.stop_requested()) {
      sleep();
    }
  }
  for (const Waiting& waiting : waiting_) rte_pktmbuf_free(waiting.frame);
  shared_.snapshots.leave(config_.id);
}

void Worker::sleep() noexcept {
  shared_.snapshots.rest(config_.id);
  if (shared_.seen != nullptr) shared_.seen->fall_asleep(api::LeaseClock::now());
  idle_->sleep();
  if (shared_.seen != nullptr) shared_.seen->wake_up();
  shared_.snapshots.resume(config_.id);
}

unsigned Worker::round(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  unsigned found = send_for_kernel(snapshot);
  found += take_strays(snapshot, now);
  if (!waiting_.empty()) try_waiting(snapshot, now);
  for (const RxQueue& queue : config_.queues) found += receive(queue, snapshot, now);
  found += take_over(snapshot, now);
  if (const auto entries = sweep_.due(now); entries > 0) {
    pipeline_->sweep(snapshot, now, shared_.leases.served(snapshot), entries);
  }
  if (snapshot.trial && snapshot.trial->go_on(config_.id, *flows_, snapshot, now)) ++found;
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
  process({{frames.data(), count}}, snapshot, now);
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
    process({{frames.data(), undecided}, true}, snapshot, now);
    flush(snapshot, now);
  }
  return total;
}

// As though they had come in by the port of their number here; their flows first.
unsigned Worker::take_strays(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  if (shared_.strays == nullptr) return 0;
  std::array<Frame, limits::kBurst> frames;
  const unsigned count = shared_.strays->take(config_.id, frames);
  if (count == 0) return 0;
  counters_.taken_over.add(count);
  unsigned usable = 0;
  for (unsigned i = 0; i < count; ++i) {
    const Frame frame = frames[i];
    const auto flow = StrayExchange::detach(frame);
    if (frame->port >= snapshot.ports.size()) {
      outbox_.drop(frame, net::Drop::kOtherMac);
      continue;
    }
    if (flow && desk_) desk_->adopt(*flow, snapshot, now);
    const net::MacAddress& own = snapshot.ports[frame->port].mac;
    std::memcpy(rte_pktmbuf_mtod(frame, void*), &own, sizeof own);
    frames[usable++] = frame;
  }
  process({{frames.data(), usable}, true}, snapshot, now);
  flush(snapshot, now);
  return count;
}

// At once where another group is served now, and now and then as flows may have come.
void Worker::try_waiting(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  const auto time = api::LeaseClock::now();
  const lb::GroupSet served = shared_.leases.served(snapshot);
  if (served == tried_under_ && time < try_at_) return;
  tried_under_ = served;
  try_at_ = time + kTryEvery;
  tried_.swap(waiting_);
  counters_.taken_over.add(tried_.size());
  for (std::size_t first = 0; first < tried_.size();) {
    const Waiting& oldest = tried_[first];
    const bool is_over = oldest.until <= time;
    std::array<Frame, limits::kBurst> frames;
    std::size_t count = 0;
    while (first < tried_.size() && count < frames.size() &&
           (tried_[first].until <= time) == is_over) {
      frames[count++] = tried_[first++].frame;
    }
    process({{frames.data(), count}, true, !is_over, oldest.until}, snapshot, now);
    flush(snapshot, now);
  }
  tried_.clear();
}

lb::GroupRoles Worker::roles(const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  lb::GroupRoles roles(shared_.leases.served(snapshot));
  const lb::GroupSet gained = roles.served & ~served_ & ~snapshot.standing;
  if (gained != 0 && shared_.strays != nullptr) {
    settling_ |= gained;
    settling_since_ = now;
  }
  served_ = roles.served;
  if (lb::milliseconds(static_cast<std::uint32_t>(now - settling_since_)) >= kSettling) {
    settling_ = 0;
  }
  roles.settling = settling_;
  const bool lacks_one = std::ranges::any_of(snapshot.held, [&](const lb::HeldGroup& held) {
    return (roles.served & lb::group_bit(held.group)) == 0;
  });
  if (lacks_one && shared_.strays != nullptr) {
    roles.redirected = shared_.leases.redirected(snapshot);
  }
  return roles;
}

// Handed over to a later round.
void Worker::wait(Frame frame, const lb::Packet& packet, const Batch& batch) noexcept {
  Errand{.is_stray = packet.is_stray, .is_guided = packet.is_handed_over}.write(frame);
  counters_.handed_over.add();
  waiting_.push_back({frame, batch.until.value_or(api::LeaseClock::now() + kPatience)});
}

void Worker::redirect(Frame frame, const lb::Flow* flow, const lb::Snapshot& snapshot,
                      lb::Tick now) noexcept {
  std::optional<sync::Record> told;
  // In dsr every server knows the connection, and whose flow it is there nobody could tell.
  if (flow != nullptr && flow->is_nat != 0) {
    const auto record = sync::record_of(*flow, sync::Kind::kUpdate, snapshot, now);
    if (record) told = sync::Record::of(*record);
  }
  if (!shared_.strays->give(config_.id, frame, told)) {
    return outbox_.drop(frame, net::Drop::kHandoverFull);
  }
  counters_.handed_over.add();
  shared_.courier->wake().call();
}

void Worker::process(const Batch& batch, const lb::Snapshot& snapshot, lb::Tick now) noexcept {
  std::array<Frame, limits::kBurst> whole;
  std::array<lb::Packet, limits::kBurst> packets;
  std::array<lb::Verdict, limits::kBurst> verdicts;
  unsigned count = 0;
  const bool may_wait = batch.may_wait && waiting_.size() < kWaiting;
  for (const Frame frame : batch.frames) {
    // The pipeline works on one piece of memory; a frame in several is made one where it fits.
    if (frame->nb_segs > 1 && rte_pktmbuf_linearize(frame) != 0) {
      outbox_.drop(frame, net::Drop::kTruncated);
      continue;
    }
    const Errand errand = batch.have_errands ? Errand::read(frame) : Errand{};
    whole[count] = frame;
    packets[count++] = {rte_pktmbuf_mtod(frame, std::uint8_t*),
                        frame->data_len,
                        rte_pktmbuf_tailroom(frame),
                        static_cast<std::uint8_t>(frame->port),
                        errand.is_guided,
                        errand.is_stray,
                        may_wait};
  }
  if (count == 0) return;
  pipeline_->process({packets.data(), count}, {verdicts.data(), count}, snapshot, now,
                     roles(snapshot, now));
  if (desk_) desk_->flush(snapshot, now);
  for (unsigned i = 0; i < count; ++i) {
    if (verdicts[i].action == lb::Action::kWait) {
      wait(whole[i], packets[i], batch);
      continue;
    }
    if (verdicts[i].action == lb::Action::kRedirect) {
      redirect(whole[i], verdicts[i].flow, snapshot, now);
      continue;
    }
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
