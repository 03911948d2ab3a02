// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/flow_courier.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "dataplane/io/errors.h"
#include "dataplane/io/stray_exchange.h"

namespace yoke::io {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// With nobody to carry frames, all that comes is a relay.
constexpr milliseconds kWithoutLink{100};
constexpr microseconds kMoving{500};  // something is under way, or waits for a worker
constexpr milliseconds kQuiet{5};     // what is due by itself is due every 20 ms

// Never 0, and never that of another start.
std::uint64_t by_chance() {
  std::uint64_t number = 0;
  while (number == 0) (void)!::getrandom(&number, sizeof number, 0);
  return number;
}

timespec to_timespec(std::chrono::nanoseconds t) { return {0, static_cast<long>(t.count())}; }

}  // namespace

Result<std::unique_ptr<FlowCourier>> FlowCourier::start(const std::string& path,
                                                        std::vector<Wake*> workers,
                                                        std::uint64_t flows,
                                                        StrayExchange* strays) {
  auto link = FlowLink::listen(path);
  if (!link) return tl::unexpected(link.error());
  std::unique_ptr<FlowCourier> courier;
  try {
    courier.reset(new FlowCourier(std::move(*link), std::move(workers), flows, strays));
  } catch (const std::bad_alloc&) {
    return fail(Errc::kFailed, error::kMemory,
                "the directory of " + std::to_string(flows) +
                    " flows does not fit into memory: lower flows or cores");
  }
  courier->thread_ =
      std::jthread([c = courier.get()](const std::stop_token& stop) { c->run(stop); });
  return courier;
}

FlowCourier::FlowCourier(std::unique_ptr<FlowLink> link, std::vector<Wake*> workers,
                         std::uint64_t flows, StrayExchange* strays)
    : link_(std::move(link)), workers_(std::move(workers)), strays_(strays) {
  std::vector<sync::OutLane*> out;
  std::vector<sync::InLane*> in;
  for (unsigned worker = 0; worker < workers_.size(); ++worker) {
    lanes_.push_back(std::make_unique<FlowLanes>());
    out.push_back(&lanes_.back()->out);
    in.push_back(&lanes_.back()->in);
  }
  if (workers_.size() > 1) directory_.emplace(flows);
  sync::SenderConfig sender;
  sender.generation = by_chance();
  sender_.emplace(sender, out);
  sync::ReceiverConfig receiver;
  receiver.instance = by_chance();
  receiver_.emplace(receiver, in, nullptr);
}

FlowCourier::~FlowCourier() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_.call();
  thread_.join();
}

void FlowCourier::run(const std::stop_token& stop) noexcept {
  ::pthread_setname_np(::pthread_self(), "yoke-flows");
  while (!stop.stop_requested()) {
    if (carry(MonoClock::now())) continue;
    // Workers are to spend nothing on waking one that can do nothing.
    if (link_->is_connected()) wake_.prepare();
    const MonoTime now = MonoClock::now();
    if (!stop.stop_requested() && !carry(now)) sleep(now);
    wake_.done();
  }
}

// True if something came or went.
bool FlowCourier::carry(MonoTime now) noexcept {
  const auto frames = link_->receive();
  for (const FlowLink::Frame frame : frames) deliver(frame, now);
  sender_->step(now);
  receiver_->step(now);
  const unsigned sent = send(now);
  call_workers();
  tell(now);
  return !frames.empty() || sent > 0;
}

void FlowCourier::deliver(FlowLink::Frame frame, MonoTime now) noexcept {
  const auto type = sync::frame_type(frame);
  if (type == sync::FrameType::kData) {
    receiver_->take(frame, now);
  } else if (type == sync::FrameType::kStray) {
    if (strays_ != nullptr) strays_->deliver(frame);
  } else {
    sender_->take(frame, now);
  }
}

unsigned FlowCourier::send(MonoTime now) noexcept {
  if (!link_->is_connected()) {
    if (strays_ != nullptr) strays_->drop_all();
    return 0;
  }
  if (!link_->flush()) return 0;
  unsigned count = send_strays();
  while (link_->has_room()) {
    auto frame = receiver_->next(now);
    if (frame.empty()) frame = sender_->next(now);
    if (frame.empty()) break;
    link_->put(frame);
    ++count;
  }
  (void)link_->flush();
  return count;
}

// First, since clients wait for them, but never all that there is room for.
unsigned FlowCourier::send_strays() noexcept {
  unsigned count = 0;
  while (strays_ != nullptr && count < FlowLink::kBatch / 2) {
    const auto piece = strays_->next();
    if (piece.empty()) break;
    link_->put(piece);
    ++count;
  }
  return count;
}

// Those that sleep and have something to do.
void FlowCourier::call_workers() noexcept {
  for (unsigned worker = 0; worker < lanes_.size(); ++worker) {
    const FlowLanes& lanes = *lanes_[worker];
    if (lanes.in.records.size() > 0 || lanes.out.orders.size() > 0) workers_[worker]->call();
  }
}

void FlowCourier::sleep(MonoTime now) noexcept {
  const bool has_link = link_->is_connected();
  const bool moves = (strays_ != nullptr && !strays_->is_empty()) ||
                     sender_->lag(now).count() > 0 ||
                     std::ranges::any_of(lanes_, [](const auto& lanes) {
                       return lanes->in.records.size() > 0 || lanes->out.records.size() > 0;
                     });
  const timespec limit = to_timespec(!has_link ? kWithoutLink : moves ? kMoving : kQuiet);
  const auto wanted = static_cast<short>(link_->has_room() ? POLLIN : POLLIN | POLLOUT);
  std::array<pollfd, 3> waits{{{wake_.fd(), POLLIN, 0},
                               {link_->listening_fd(), POLLIN, 0},
                               {link_->relay_fd(), wanted, 0}}};
  if (::ppoll(waits.data(), waits.size(), &limit, nullptr) <= 0) return;
  if (waits[0].revents != 0) wake_.clear();
  if (waits[1].revents != 0) link_->accept();
}

void FlowCourier::tell(MonoTime now) noexcept {
  const bool has_link = link_->is_connected();
  has_link_.store(has_link, std::memory_order_relaxed);
  is_told_.store(has_link && sender_->is_synced(now), std::memory_order_relaxed);
  is_whole_.store(receiver_->is_whole(), std::memory_order_relaxed);
  lag_us_.store(static_cast<std::uint64_t>(
                    std::chrono::duration_cast<microseconds>(sender_->lag(now)).count()),
                std::memory_order_relaxed);
  told_.store(sender_->counters().records, std::memory_order_relaxed);
  heard_.store(receiver_->counters().records, std::memory_order_relaxed);
}

api::FlowSyncStatus FlowCourier::report() const noexcept {
  api::FlowSyncStatus status{.has_link = has_link_.load(std::memory_order_relaxed),
                             .is_told = is_told_.load(std::memory_order_relaxed),
                             .is_whole = is_whole_.load(std::memory_order_relaxed),
                             .lag_us = lag_us_.load(std::memory_order_relaxed),
                             .told = told_.load(std::memory_order_relaxed),
                             .heard = heard_.load(std::memory_order_relaxed)};
  if (strays_ != nullptr) {
    const StrayExchange::Counters& strays = strays_->counters();
    status.strays_sent = strays.sent.value();
    status.strays_taken = strays.taken.value();
    status.strays_lost = strays.lost.value();
  }
  for (const auto& lanes : lanes_) status.adopted += lanes->adopted.value();
  return status;
}

}  // namespace yoke::io
