// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/loop.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "mgmt/pair/daemon/pair_clock.h"

namespace yoke::pair {
namespace {

constexpr int kPriority = 50;      // of SCHED_FIFO: above what is not real-time, below the kernel's
constexpr int kFramesATurn = 256;  // of each link
constexpr int kHoldersATurn = 64;
constexpr int kOrdersATurn = 16;
constexpr unsigned kPatience = 10;  // heartbeats, until the peer's MAC is forgotten
constexpr std::uint8_t kHealthy = 255;

}  // namespace

Loop::Loop(Parts parts)
    : parts_(std::move(parts)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      links_{EthernetLink(parts_.engine.settings.dedicated),
             EthernetLink(parts_.engine.settings.data)},
      announcer_(parts_.engine.settings.groups, parts_.engine.settings.data),
      disk_(parts_.state_path, parts_.memory, wake_.get()),
      engine_(parts_.engine, *this) {
  for (const auto& link : parts_.engine.settings.links) {
    watched_.emplace_back(link, PacketSocket::Takes::kNothing);
  }
  published_.groups.resize(engine_.groups());
}

Loop::~Loop() {
  stopping_ = true;
  wake(wake_.get());
  if (thread_.joinable()) thread_.join();
}

std::string Loop::start() {
  std::string missing;
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    missing += std::string("memory is not locked: ") + std::strerror(errno);
  }
  thread_ = std::thread([this] { run(); });
  sched_param parameters{};
  parameters.sched_priority = kPriority;
  if (const int error = ::pthread_setschedparam(thread_.native_handle(), SCHED_FIFO, &parameters);
      error != 0) {
    missing += (missing.empty() ? "" : "; ") + std::string("no real-time scheduling: ") +
               std::strerror(error);
  }
  return missing;
}

bool Loop::order(const Order& order) noexcept {
  const bool taken = orders_.put(order);
  wake(wake_.get());
  return taken;
}

void Loop::set_data_plane(bool answers) noexcept {
  if (data_plane_.exchange(answers) != answers) wake(wake_.get());
}

Snapshot Loop::snapshot() const {
  const std::lock_guard lock(publishing_);
  return published_;
}

// ---- the thread --------------------------------------------------------------------------------

void Loop::run() {
  look_around(pair_now());
  engine_.start(pair_now());
  while (!stopping_) {
    turn();
    wait();
  }
}

void Loop::turn() {
  if (due_ != MonoTime{}) latest_ = std::max(latest_, pair_now() - due_);
  read_frames();
  read_orders();
  for (int i = 0; i < kHoldersATurn; ++i) {
    const auto vip = announcer_.hear();
    if (!vip) break;
    engine_.hear_holder(*vip, pair_now());
  }
  look_around(pair_now());
  const MonoTime now = pair_now();
  engine_.tick(now);
  announcer_.go_on(now);
  publish(now);
  ++rounds_;
}

void Loop::read_frames() {
  for (std::uint8_t way = 0; way < kLinks; ++way) {
    for (int i = 0; i < kFramesATurn && read_one(way); ++i) {
    }
  }
}

bool Loop::read_one(std::uint8_t way) {
  const auto received = links_[way].receive();
  if (!received) return false;
  const bool on_vips = received->is_on_vips;
  // A claim frame of the peer, or another release's: nothing is in it.
  if (on_vips && received->payload.empty()) return true;
  const MonoTime now = pair_now();
  const bool is_peers = engine_.hear(on_vips ? kVipWay : way, received->payload, now);
  if (is_peers && !on_vips) links_[way].proved(received->source, now);
  return true;
}

void Loop::read_orders() {
  const auto& groups = parts_.engine.settings.groups;
  while (const auto done = disk_.done()) {
    const auto at = std::find_if(groups.begin(), groups.end(),
                                 [&](const auto& group) { return group.vrid == done->group; });
    if (at == groups.end()) continue;
    engine_.reserved(static_cast<std::size_t>(at - groups.begin()), done->reserved, pair_now());
  }
  for (int i = 0; i < kOrdersATurn; ++i) {
    const auto order = orders_.take();
    if (!order) break;
    engine_.command(order->group, order->command, order->ticket, pair_now());
  }
}

// The interfaces, at each heartbeat; the election, whenever something has changed.
void Loop::look_around(MonoTime now) {
  if (now >= look_at_) {
    look_at_ = now + engine_.heartbeat();
    for (auto& link : links_) link.keep(now, kPatience * engine_.heartbeat());
    for (auto& link : watched_) link.keep();
    announcer_.keep();
    const std::uint32_t source = source_;
    announcer_.set_source(source == 0 ? std::nullopt
                                      : std::optional(net::IpAddress::load_v4(&source)));
  }
  Tracking found;
  found.data_link = std::all_of(watched_.begin(), watched_.end(),
                                [](const auto& link) { return link.has_link(); });
  found.able = data_plane_ || !parts_.engine.settings.data_plane;
  found.ready = true;
  found.health = kHealthy;
  if (found.data_link == tracking_.data_link && found.able == tracking_.able && tracking_.ready) {
    return;
  }
  tracking_ = found;
  engine_.track(found, now);
}

// Who asks does so rarely, and finds the turn before where he is in the way.
void Loop::publish(MonoTime now) {
  const std::unique_lock lock(publishing_, std::try_to_lock);
  if (!lock) return;
  published_.at = now;
  for (std::size_t i = 0; i < engine_.groups(); ++i) published_.groups[i] = engine_.state(i);
  for (std::size_t i = 0; i < kLinks; ++i) {
    published_.links[i] = {links_[i].socket().has_link(), links_[i].knows_peer(),
                           links_[i].socket().counts()};
  }
  published_.has_peer = engine_.session().peer().has_value();
  published_.taken = engine_.session().taken();
  published_.misfits = engine_.misfits();
  published_.refusals = engine_.session().refusals();
  published_.latest = latest_;
}

void Loop::wait() {
  due_ = std::min(engine_.wake_at(), look_at_);
  if (const auto due = announcer_.due()) due_ = std::min(due_, *due);
  std::array<pollfd, kLinks + 2> entries{};
  entries[0] = {wake_.get(), POLLIN, 0};
  entries[1] = {announcer_.socket().fd(), POLLIN, 0};
  for (std::size_t i = 0; i < kLinks; ++i) entries[2 + i] = {links_[i].socket().fd(), POLLIN, 0};
  const Span left = std::max(due_ - pair_now(), Span::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), (left - seconds).count()};
  const int ready = ::ppoll(entries.data(), entries.size(), &timeout, nullptr);
  if (ready > 0 && due_ > pair_now()) due_ = {};  // woken by a frame, late for nothing
  if ((entries[0].revents & POLLIN) != 0) clear_wake(wake_.get());
}

// ---- what the engine wants done ----------------------------------------------------------------

void Loop::send(std::uint8_t way, Bytes frame) {
  if (way == kVipWay) {
    (void)links_[static_cast<std::size_t>(Channel::kData)].send_to_all(frame);
  } else if (way < kLinks) {
    (void)links_[way].send(frame);
  }
}

// One clock: the number that the election means is the one that the data plane compares.
void Loop::set_lease(std::size_t group, const Lease& lease) {
  const api::LeaseTime until(lease.until.time_since_epoch());
  const std::uint8_t line = parts_.lines[group];
  announcer_.hold(group, lease.until);
  if (lease.epoch == 0 || until <= api::LeaseClock::now()) {
    parts_.leases->revoke(line);
  } else {
    parts_.leases->grant(line, lease.epoch, until);
  }
}

void Loop::announce(std::size_t group) { announcer_.start(group, pair_now()); }

void Loop::reclaim(std::size_t group) { announcer_.again(group, pair_now()); }

void Loop::reserve(std::size_t group, Epoch up_to) {
  (void)disk_.put({parts_.engine.settings.groups[group].vrid, up_to, std::nullopt});
}

void Loop::save_maintenance(std::size_t group, bool on) {
  (void)disk_.put({parts_.engine.settings.groups[group].vrid, std::nullopt, on});
}

void Loop::report(const Report& report) {
  if (!reports_.put(report)) ++lost_reports_;
  wake(parts_.reports_wake);
}

}  // namespace yoke::pair
