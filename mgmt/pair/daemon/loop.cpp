// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/loop.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/limits.h"
#include "mgmt/pair/daemon/pair_clock.h"

namespace yoke::pair {
namespace {

constexpr int kPriority = 50;      // of SCHED_FIFO: above what is not real-time, below the kernel's
constexpr int kFramesATurn = 256;  // of each link
constexpr int kHoldersATurn = 64;
constexpr int kOrdersATurn = 16;
constexpr int kOthersATurn = 32;
constexpr std::chrono::milliseconds kOthersEvery{100};
constexpr unsigned kPatience = 10;  // heartbeats, until the peer's MAC is forgotten
// A real-time thread that has not slept for so long has run away, and would have its core for ever:
// the kernel kills the process then. So, whatever comes in, this one sleeps for a moment.
constexpr std::chrono::seconds kRunaway{2};
constexpr std::chrono::milliseconds kNapEvery{100};
constexpr std::chrono::microseconds kNap{50};
constexpr std::chrono::seconds kPeerIsThere{1};  // heard within: longer than any profile's `dead`

// RFC 9568: 00-00-5E-00-01 or -02, then the VRID.
bool is_virtual_router(const net::MacAddress& mac) noexcept {
  constexpr std::array<std::uint8_t, 4> kPrefix{0x00, 0x00, 0x5e, 0x00};
  return std::equal(kPrefix.begin(), kPrefix.end(), mac.octets.begin()) &&
         (mac.octets[4] == 1 || mac.octets[4] == 2);
}

}  // namespace

Loop::Change::Change(Engine::Plan made, const Settings& before)
    : plan(std::move(made)), announcer(plan.settings().groups, plan.settings().data) {
  const Settings& after = plan.settings();
  if (after.dedicated != before.dedicated) links[0].emplace(after.dedicated);
  if (after.data != before.data) {
    links[1].emplace(after.data);
    anyone.emplace(after.data, PacketSocket::Takes::kAnyone);
  }
  for (const auto& link : after.links) watched.emplace_back(link, PacketSocket::Takes::kNothing);
  lines.resize(after.groups.size());
}

Loop::Loop(Parts parts)
    : parts_(std::move(parts)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      links_{EthernetLink(parts_.engine.settings.dedicated),
             EthernetLink(parts_.engine.settings.data)},
      anyone_(parts_.engine.settings.data, PacketSocket::Takes::kAnyone),
      announcer_(parts_.engine.settings.groups, parts_.engine.settings.data),
      disk_(parts_.state_path, parts_.memory, wake_.get()),
      engine_(parts_.engine, *this) {
  for (const auto& link : parts_.engine.settings.links) {
    watched_.emplace_back(link, PacketSocket::Takes::kNothing);
  }
  for (const auto& group : parts_.engine.settings.groups) {
    lines_.push_back(parts_.leases->claim(group.name));
  }
  published_.groups.resize(limits::kGroups);
}

Loop::~Loop() {
  stopping_ = true;
  wake(wake_.get());
  if (thread_.joinable()) thread_.join();
  delete change_.load();
  delete replaced_.load();
}

std::string Loop::start() {
  std::string missing;
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    missing += std::string("memory is not locked: ") + std::strerror(errno);
  }
  const rlim_t runaway = std::chrono::microseconds(kRunaway).count();
  const rlimit limit{runaway, runaway};
  (void)::setrlimit(RLIMIT_RTTIME, &limit);
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

bool Loop::change(std::unique_ptr<Change>& change) noexcept {
  if (change_ != nullptr || replaced_ != nullptr) return false;
  change_ = change.release();
  wake(wake_.get());
  return true;
}

std::unique_ptr<Loop::Change> Loop::take_replaced() noexcept {
  return std::unique_ptr<Change>(replaced_.exchange(nullptr));
}

bool Loop::track(const TrackOrder& order) noexcept {
  const bool taken = track_orders_.put(order);
  wake(wake_.get());
  return taken;
}

void Loop::set_data_plane(bool answers) noexcept {
  if (data_plane_.exchange(answers) != answers) wake(wake_.get());
}

void Loop::set_flows_whole(bool whole) noexcept {
  if (flows_whole_.exchange(whole) != whole) wake(wake_.get());
}

void Loop::flushed(std::uint32_t ticket) noexcept {
  flushed_ = ticket;
  wake(wake_.get());
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
  adopt_change();
  follow_keys();
  hear_others();
  look_around(pair_now());
  const MonoTime now = pair_now();
  look_for_quiet(now);
  engine_.tick(now);
  announcer_.go_on(now);
  publish(now);
  ++rounds_;
}

// No longer than is waited for it: then the peer is told to begin anyway.
void Loop::look_for_quiet(MonoTime now) {
  quiet_at_ = MonoTime::max();
  for (std::size_t i = 0; i < engine_.groups(); ++i) {
    std::uint64_t& unseen = unseen_[engine_.settings().groups[i].vrid];
    if (unseen == 0) continue;
    const Handoff& handoff = engine_.state(i).handoff;
    const bool waits = handoff.phase == Handoff::Phase::kGone && now < engine_.go_anyway_at(i);
    const bool is_seen =
        waits && parts_.seen->have_all_seen(unseen, api::LeaseTime(now.time_since_epoch()));
    if (is_seen) engine_.quiet(i, handoff.epoch, now);
    if (!waits || is_seen) {
      unseen = 0;
      continue;
    }
    const Span waited = now - handoff.gone_at;
    quiet_at_ = std::min<MonoTime>(quiet_at_, now + std::max<Span>(kQuietEvery, waited / 16));
  }
}

void Loop::hear_others() {
  for (int i = 0; i < kHoldersATurn; ++i) {
    const MonoTime now = pair_now();
    const auto heard = announcer_.hear(now);
    if (!heard) break;
    if (heard->holder) {
      engine_.hear_holder(*heard->holder, now);
      continue;
    }
    // The peer sends adverts from the virtual MAC while it holds the group, and says so better on
    // its channels. While they are silent it may be the peer or not: whoever it is, he is there.
    const bool may_be_peer =
        heard->from_virtual_mac && now - engine_.state(heard->group).peer.heard_at < kPeerIsThere;
    if (!may_be_peer) engine_.hear_foreign(heard->group, heard->outranks, now);
  }
}

// What is new may allocate nothing here: it was made by who sent it, and what was before goes back.
void Loop::adopt_change() {
  Change* const change = change_;
  if (change == nullptr) return;
  const MonoTime now = pair_now();
  engine_.retire(change->plan, now);
  give_lines(*change);
  announcer_.adopt(change->announcer, now);
  for (std::size_t i = 0; i < kLinks; ++i) {
    if (change->links[i]) std::swap(links_[i], *change->links[i]);
  }
  if (change->anyone) std::swap(anyone_, *change->anyone);
  std::swap(watched_, change->watched);
  engine_.adopt(change->plan, now);
  look_at_ = now;
  adopted_ = true;
  replaced_ = change;
  change_ = nullptr;
}

// Lines go by the groups' names, which the data plane knows them by. One that has another name now
// moves with its lease.
void Loop::give_lines(Change& change) noexcept {
  const auto& before = engine_.settings().groups;
  const auto& after = change.plan.settings().groups;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto same = std::find_if(after.begin(), after.end(), [&](const auto& group) {
      return group.name == before[i].name && group.vrid == before[i].vrid;
    });
    if (!lines_[i] || same != after.end()) continue;
    (void)parts_.leases->revoke(*lines_[i]);
    parts_.leases->release(*lines_[i]);
    lines_[i].reset();
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    change.lines[i] = parts_.leases->claim(after[i].name);
    const auto old = engine_.find(after[i].vrid);
    if (!old || before[*old].name == after[i].name || !change.lines[i]) continue;
    const Lease& lease = engine_.state(*old).lease;
    if (lease.until > pair_now()) grant(*change.lines[i], lease);
  }
  std::swap(lines_, change.lines);
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
  if (is_peers) heard_at_ = now;
  if (is_peers && !on_vips) links_[way].proved(received->source, now);
  return true;
}

void Loop::read_orders() {
  while (const auto done = disk_.done()) {
    const auto group = engine_.find(done->group);
    if (group) engine_.reserved(*group, done->reserved, pair_now());
  }
  if (flush_ != 0 && flushed_ == flush_) {
    flush_ = 0;
    engine_.flushed(pair_now());
  }
  while (const auto order = track_orders_.take()) tracked_[order->group] = order->tracked;
  for (int i = 0; i < kOrdersATurn; ++i) {
    const auto order = orders_.take();
    if (!order) break;
    if (const auto group = engine_.find(order->group)) {
      engine_.command(*group, order->command, order->ticket, pair_now());
    } else {  // taken away meanwhile
      report({.kind = Report::Kind::kRefused,
              .group = order->group,
              .reason = Reason::kNotActive,
              .ticket = order->ticket});
    }
  }
}

void Loop::keep_links(MonoTime now) {
  if (!parts_.leases->is_sound()) page_is_sound_ = false;
  for (auto& link : links_) link.keep(now, kPatience * engine_.heartbeat());
  hear_anyone(now);
  announcer_.keep();
  AdvertSources sources;
  if (const std::uint32_t v4 = source_v4_; v4 != 0) sources.v4 = net::IpAddress::load_v4(&v4);
  if (const std::uint64_t v6 = source_v6_; v6 != 0) {
    std::array<std::uint8_t, 16> octets{0xfe, 0x80};
    std::memcpy(octets.data() + 8, &v6, sizeof v6);
    sources.v6 = net::IpAddress::v6(octets);
  }
  announcer_.set_sources(sources);
}

// The interfaces, at each heartbeat and when the kernel has news of one; the election, whenever
// something has changed: a holder that has lost its data link lets go in this very turn, and before
// sockets are closed, for which the kernel takes its time (20 ms were seen).
void Loop::look_around(MonoTime now) {
  const bool looks = news_.take() || now >= look_at_;
  if (looks) {
    look_at_ = now + engine_.heartbeat();
    for (auto& link : watched_) link.keep();
    feel_pulse(now);
  }
  Tracking found;
  found.data_link = std::all_of(watched_.begin(), watched_.end(),
                                [](const auto& link) { return link.has_link(); });
  for (std::size_t i = 0; i < engine_.groups(); ++i) {
    const TrackedGroup& told = tracked_[engine_.settings().groups[i].vrid];
    // One worker of several may hang: that is better than nobody, where the peer could not take it.
    const PeerView& peer = engine_.state(i).peer;
    const bool has_other =
        peer.rank.eligible && now - peer.heard_at < engine_.settings().timers().dead;
    const bool forwards = data_plane_ && !(data_plane_hangs_ && has_other);
    found.able = (forwards || !engine_.settings().data_plane) && told.able;
    // Who holds a group has what there is of it.
    found.ready = told.ready && (flows_whole_ || is_holder(engine_.state(i).role));
    found.tells_quiet = data_plane_ && parts_.seen != nullptr && parts_.seen->speaks();
    found.health = told.health;
    found.config = told.config;
    found.others_at = others_at_;
    engine_.track(i, found, now);
  }
  if (looks) keep_links(now);
}

// Whoever is there shows that this unit hears. The peer, and whoever sends from a virtual MAC as it
// does, shows nothing that its heartbeats do not.
void Loop::hear_anyone(MonoTime now) noexcept {
  anyone_.keep();
  const net::MacAddress& peer = links_[static_cast<std::size_t>(Channel::kData)].last_peer();
  for (int i = 0; i < kOthersATurn; ++i) {
    std::array<std::uint8_t, 14> room;
    const auto frame = anyone_.receive(room);
    if (!frame) break;
    if (frame->size() < room.size() || now - others_at_ < kOthersEvery) continue;
    net::MacAddress source;
    std::copy_n(frame->begin() + 6, source.octets.size(), source.octets.begin());
    if (source != peer && !is_virtual_router(source)) others_at_ = now;
  }
}

// In the profile's time a peer is dead that says nothing, so is a data plane that does not run.
void Loop::feel_pulse(MonoTime now) noexcept {
  if (parts_.pulses == nullptr) return;
  if (!data_plane_) {
    pulse_.forget();
    data_plane_hangs_ = false;
    return;
  }
  const Timers timers = engine_.settings().timers();
  const bool hangs = pulse_.look(*parts_.pulses, now, timers.heartbeat, timers.dead);
  if (hangs && !data_plane_hangs_) ++hangs_;
  data_plane_hangs_ = hangs;
}

// Who asks does so rarely, and finds the turn before where he is in the way.
void Loop::publish(MonoTime now) {
  const std::unique_lock lock(publishing_, std::try_to_lock);
  if (!lock) return;
  published_.at = now;
  published_.count = engine_.groups();
  for (std::size_t i = 0; i < published_.count; ++i) {
    published_.groups[i] = {engine_.settings().groups[i].vrid, engine_.state(i)};
  }
  for (std::size_t i = 0; i < kLinks; ++i) {
    published_.links[i] = {links_[i].socket().has_link(), links_[i].knows_peer(),
                           links_[i].socket().counts()};
  }
  published_.has_peer = engine_.session().peer().has_value();
  published_.heard_at = heard_at_;
  published_.has_settled = engine_.session().keys().settled();
  published_.taken = engine_.session().taken();
  published_.misfits = engine_.misfits();
  published_.data_plane_answers = data_plane_;
  published_.data_plane_hangs = data_plane_hangs_;
  published_.refusals = engine_.session().refusals();
  published_.latest = latest_;
  if (adopted_) adopted_ = !tell({.kind = Report::Kind::kAdopted});
}

void Loop::wait() {
  due_ = std::min(engine_.wake_at(), look_at_);
  if (const auto due = announcer_.due()) due_ = std::min(due_, *due);
  due_ = std::min(due_, quiet_at_);
  std::array<pollfd, kLinks + 3> entries{};
  entries[0] = {wake_.get(), POLLIN, 0};
  entries[1] = {announcer_.socket().fd(), POLLIN, 0};
  entries[2] = {news_.fd(), POLLIN, 0};
  for (std::size_t i = 0; i < kLinks; ++i) entries[3 + i] = {links_[i].socket().fd(), POLLIN, 0};
  const Span left = std::max(due_ - pair_now(), Span::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), (left - seconds).count()};
  const int ready = ::ppoll(entries.data(), entries.size(), &timeout, nullptr);
  nap(ready == 0 && left > Span::zero());
  if (ready > 0 && due_ > pair_now()) due_ = {};  // woken by a frame, late for nothing
  if ((entries[0].revents & POLLIN) != 0) clear_wake(wake_.get());
}

// Where frames wait all the time a wait is none.
void Loop::nap(bool slept) noexcept {
  const MonoTime now = pair_now();
  if (!slept && now - slept_at_ < kNapEvery) return;
  slept_at_ = now;
  if (slept) return;
  const timespec moment{0, std::chrono::nanoseconds(kNap).count()};
  (void)::nanosleep(&moment, nullptr);
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
void Loop::grant(std::uint8_t line, const Lease& lease) noexcept {
  parts_.leases->grant(line, lease.epoch, api::LeaseTime(lease.until.time_since_epoch()));
}

void Loop::set_lease(std::size_t group, const Lease& lease) {
  const bool over = lease.epoch == 0 || lease.until <= pair_now();
  if (over) announcer_.say_farewell(group);
  announcer_.hold(group, lease.until);
  if (!lines_[group]) return;
  if (over) {
    (void)parts_.leases->revoke(*lines_[group]);
  } else {
    grant(*lines_[group], lease);
  }
}

void Loop::hand_over_lease(std::size_t group, const Lease& lease) {
  announcer_.say_farewell(group);
  announcer_.hold(group, lease.until);
  if (!lines_[group]) return;
  const MonoTime now = pair_now();
  const MonoTime decided_until = now + (engine_.go_anyway_at(group) - now) / 2;
  const auto unseen =
      parts_.leases->hand_over(*lines_[group], api::LeaseTime(decided_until.time_since_epoch()),
                               api::LeaseTime((now + kRedirect).time_since_epoch()));
  if (parts_.seen == nullptr) return;
  unseen_[engine_.settings().groups[group].vrid] = unseen;
  quiet_at_ = now;
}

void Loop::announce(std::size_t group) { announcer_.start(group, pair_now()); }

void Loop::reclaim(std::size_t group) { announcer_.again(group, pair_now()); }

void Loop::flush_flows() {
  if (++flushes_ == 0) ++flushes_;
  flush_ = flushes_;
  report({.kind = Report::Kind::kFlush, .ticket = flush_});
}

void Loop::reserve(std::size_t group, Epoch up_to) {
  (void)disk_.put({engine_.settings().groups[group].vrid, up_to, std::nullopt});
}

void Loop::save_maintenance(std::size_t group, bool on) {
  (void)disk_.put({engine_.settings().groups[group].vrid, std::nullopt, on});
}

void Loop::report(const Report& report) { (void)tell(report); }

// False: whoever takes them is behind, and it is lost.
bool Loop::tell(const Report& report) {
  const bool is_taken = reports_.put(report);
  if (!is_taken) ++lost_reports_;
  wake(parts_.reports_wake);
  return is_taken;
}

}  // namespace yoke::pair
