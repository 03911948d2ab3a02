// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>
#include <cstdarg>

#include "mgmt/pair/rules.h"

namespace yoke::sim {

using std::chrono::microseconds;

World::World(std::uint64_t seed, const pair::Rules& rules, const Quirks& quirks,
             void (*adjust)(Schedule&), std::FILE* trace)
    : random_(seed),
      handing_random_(~seed),
      schedule_(draw_schedule(random_)),
      quirks_(quirks),
      invariants_(schedule_),
      trace_(trace),
      loss_(schedule_.loss),
      overhears_(schedule_.has(Fault::kReplay)) {
  // After the invariants have taken what they hold a run to.
  if (adjust != nullptr) adjust(schedule_);
  for (unsigned i = 0; i < 2; ++i) {
    Box& box = boxes_[i];
    box.index = i;
    box.setup.config.unit = static_cast<pair::Unit>(i);
    box.setup.config.priority = schedule_.priority[i];
    box.setup.config.preempt = schedule_.preempt;
    box.setup.config.policy = schedule_.policy;
    box.setup.timers = schedule_.timers_of(i);
    box.setup.rules = &rules;
    box.tracking.witness = schedule_.witness == static_cast<int>(i);
    box.tracking.tells_quiet = handing_random_.chance(0.7);
    box.set_clock(schedule_.ppm[i], Time(random_.between(1, 1'000'000'000)));
    push(schedule_.boot[i], What::kBoot, i);
  }
  // There is something to be overheard before what must not move begins: a Go, a Resign.
  for (const std::int64_t beat : {60, 72, 84, 92, 100}) {
    if (!overhears_) break;
    for (unsigned i = 0; i < 2; ++i) {
      push(beat * schedule_.timers.heartbeat, What::kSwitch, i, 0,
           static_cast<std::uint32_t>(beat));
    }
  }
  for (std::uint32_t i = 0; i < schedule_.troubles.size(); ++i) {
    push(schedule_.troubles[i].begin, What::kTroubleBegins, schedule_.troubles[i].unit, 0, i);
    push(schedule_.troubles[i].end, What::kTroubleEnds, schedule_.troubles[i].unit, 0, i);
  }
}

void World::push(Time at, What what, unsigned unit, std::uint64_t life, std::uint32_t index) {
  queue_.push(Event{std::max(at, now_), ++order_, what, unit, life, index});
}

std::optional<Violation> World::run() {
  while (!queue_.empty() && !invariants_.violation() && !is_over()) {
    const Event event = queue_.top();
    queue_.pop();
    advance(event.at);
    handle(event);
  }
  if (const auto& found = invariants_.violation()) {
    say(nullptr, "VIOLATION %s: %s", found->invariant.c_str(), found->text.c_str());
  }
  return invariants_.violation();
}

void World::advance(Time to) {
  Ends leases{};
  Ends bursts{};
  for (unsigned i = 0; i < 2; ++i) {
    const Box& box = boxes_[i];
    leases[i] = bursts[i] = now_;
    if (!box.could_claim()) continue;
    const Time until = std::min(to, quirks_.lease_unchecked && claims(box) ? to : lease_ends(box));
    leases[i] = std::max(now_, until);
    bursts[i] = std::max({now_, until, std::min(to, last_burst(box))});
  }
  invariants_.pass(now_, to, leases, bursts, cuts_[2][0] == 0 && cuts_[2][1] == 0, boxes_);
  now_ = to;
}

Time World::lease_ends(const Box& box) const {
  return box.page.until == pair::kLongAgo ? Time::zero() : box.when(box.page.until);
}

// A worker looks at the lease, and sends what it has in hand.
Time World::last_burst(const Box& box) const {
  const Time lapsed = lease_ends(box);
  return std::max(box.bursts_until,
                  lapsed == Time::zero() ? lapsed : lapsed + box.setup.timers.burst);
}

bool World::claims(const Box& box) const {
  if (!box.could_claim()) return false;
  if (quirks_.lease_unchecked) return box.page.until != pair::kLongAgo;
  return box.local(now_) < box.page.until;
}

// I9: once nothing is wrong any more, one unit serves and the other waits, before long.
bool World::is_over() {
  if (now_ < schedule_.calm) return false;
  const auto& timers = schedule_.timers;
  bool fine = claims(boxes_[0]) != claims(boxes_[1]);
  for (const auto& box : boxes_) {
    const auto role = box.state.role;
    const bool waits = role == pair::Role::kStandby || role == pair::Role::kHeld;
    fine = fine && (claims(box) ? role == pair::Role::kActive : waits);
  }
  if (!fine) {
    fine_since_ = Time(-1);
    if (now_ > schedule_.calm + std::chrono::seconds(3) + 400 * timers.heartbeat) {
      invariants_.not_converged(now_, "still not one active and one standby unit");
    }
    return false;
  }
  if (fine_since_ < Time::zero()) fine_since_ = now_;
  invariants_.measures().converged = fine_since_ - schedule_.calm;
  return now_ - fine_since_ >= 20 * timers.heartbeat;
}

void World::handle(const Event& event) {
  Box& box = boxes_[event.unit];
  const bool alive = event.life == box.life && box.runs();
  switch (event.what) {
    case What::kBoot:
      if (!box.powered) start(box, false);
      break;
    case What::kWake:
      if (event.life == box.life && event.at == box.wake) box.wake = Time::zero();
      if (alive) wake(box);
      break;
    case What::kDeliver: {
      const Frame frame = frames_[event.index];
      free_.push_back(event.index);
      deliver(box, frame);
      break;
    }
    case What::kDiskDone:
      if (box.disk_stuck > 0 || (event.life == box.life && !box.runs())) {
        push(now_ + schedule_.timers.heartbeat, What::kDiskDone, event.unit, event.life);
        break;
      }
      if (event.life != box.life || !box.powered) break;
      box.disk_epoch = std::max(box.disk_epoch, box.disk_pending);
      if (alive) step(box, pair::EpochReserved{box.disk_epoch});
      break;
    case What::kFlushed:
      if (alive) step(box, pair::Flushed{1});
      break;
    case What::kQuiet:
      if (alive) step(box, pair::Quiet{event.index});
      break;
    case What::kTroubleBegins:
      begin(event.index);
      break;
    case What::kTroubleEnds:
      end(event.index);
      break;
    case What::kToggle:
      toggle(event.index);
      break;
    case What::kNotice:
      if (alive) notice(box);
      break;
    case What::kSwitch: {
      using Wish = pair::Command::What;
      if (!box.runs()) break;
      if (event.index == 92) {
        step(box, pair::Command{Wish::kResume});
      } else if (pair::is_holder(box.state.role)) {
        step(box, event.index == 84 ? pair::Command{Wish::kMaintenance, true} : pair::Command{});
      }
      break;
    }
    case What::kHeal:
      cut(schedule_.troubles[event.index], -1);
      break;
    case What::kForeign:
      if (alive) step(box, pair::ForeignSeen{random_.chance(0.5)});
      break;
  }
}

void World::start(Box& box, bool restarted) {
  ++box.life;
  box.running = true;
  box.powered = true;
  box.inbox.clear();
  box.wake = Time::zero();
  box.ready_at = Time::zero();
  box.tracking.ready = false;
  box.tracking.data_link = box.linked();
  box.tracking.able = box.dataplane_stalls == 0;
  box.tracking.health = box.unhealthy > 0 ? 50 : 100;
  box.state = pair::State{};
  say(&box, "starts, epoch %llu on disk", static_cast<unsigned long long>(box.disk_epoch));
  step(box, pair::Tracked{box.tracking});
  step(box, pair::Start{random_.next() | 1U, restarted,
                        quirks_.epochs_forgotten ? 0 : box.disk_epoch, box.disk_maintenance});
  push(now_ + microseconds(500), What::kNotice, box.index, box.life);
}

void World::wake(Box& box) {
  refresh(box);
  step(box, pair::Tick{});
}

// Flows and configuration come over from whoever serves, after a while.
void World::refresh(Box& box) {
  pair::Tracking tracking = box.tracking;
  if (pair::is_holder(box.state.role)) {
    tracking.ready = true;
  } else if (claims(peer(box)) && hear_each_other()) {
    if (box.ready_at == Time::zero()) {
      box.ready_at = now_ + schedule_.timers.heartbeat * random_.between(5, 40);
    }
    if (now_ >= box.ready_at) {
      tracking.ready = true;
      tracking.config = peer(box).tracking.config;
    }
  }
  if (tracking.ready == box.tracking.ready && tracking.config == box.tracking.config) return;
  box.tracking = tracking;
  step(box, pair::Tracked{tracking});
}

void World::step(Box& box, const pair::Event& event) {
  const auto actions = pair::step(box.setup, box.state, event, box.local(now_));
  invariants_.acted(now_, actions);
  for (const auto& action : actions) {
    const auto* lease = std::get_if<pair::SetLease>(&action);
    const bool unsaid =
        quirks_.resign_first && lease != nullptr && lease->lease.until == pair::kLongAgo;
    if (!unsaid) act(box, action);
  }
  plan_wake(box);
}

void World::set_page(Box& box, const pair::Lease& lease) {
  const bool claim = lease.until != pair::kLongAgo && lease.epoch != box.page.epoch;
  const bool raised = box.local(now_) < box.page.until;
  if (raised && box.could_claim()) box.bursts_until = now_ + box.setup.timers.burst;
  box.page = lease;
  if (claim) {
    say(&box, "CLAIMS with epoch %llu", static_cast<unsigned long long>(lease.epoch));
    invariants_.claimed(now_, box, lease.epoch, raised);
  }
}

// Workers look again before a burst has had all its time, and say so; one may stand still with
// frames in hand for longer. A data plane of a release before says nothing, nor does one that dies
// just then, and nothing more leaves it.
void World::hand_over(Box& box) {
  if (!box.tracking.tells_quiet || handing_random_.chance(0.1)) return;
  const bool stands = handing_random_.chance(0.2);
  const pair::View view{box.setup, box.state, box.local(now_)};
  const Time longest =
      stands ? Time(pair::kRules.go_anyway_at(view) - view.now) : box.setup.timers.burst;
  const Time looked = now_ + longest * handing_random_.between(1, 990) / 1000;
  if (!quirks_.quiet_too_early && box.bursts_until > now_) box.bursts_until = looked;
  const Time told = quirks_.quiet_too_early ? now_ : looked;
  push(told + microseconds(handing_random_.between(1, 100)), What::kQuiet, box.index, box.life,
       static_cast<std::uint32_t>(box.page.epoch));
}

void World::act(Box& box, const pair::Action& action) {
  if (const auto* lease = std::get_if<pair::SetLease>(&action)) {
    set_page(box, lease->lease);
    if (lease->is_handed_over) hand_over(box);
  } else if (const auto* send_action = std::get_if<pair::Send>(&action)) {
    send(box, *send_action);
  } else if (const auto* reserve = std::get_if<pair::ReserveEpoch>(&action)) {
    box.disk_pending = reserve->up_to;
    if (quirks_.disk_slow) {
      push(now_ + 2000 * schedule_.timers.heartbeat, What::kDiskDone, box.index, box.life);
    } else if (quirks_.disk_lies) {
      step(box, pair::EpochReserved{reserve->up_to});
      push(now_ + 2000 * schedule_.timers.heartbeat, What::kDiskDone, box.index, box.life);
    } else {
      const auto latest = random_.chance(0.5) ? 2000 : 30000;
      push(now_ + microseconds(random_.between(200, latest)), What::kDiskDone, box.index, box.life);
    }
  } else if (const auto* change = std::get_if<pair::Transition>(&action)) {
    say(&box, "%s -> %s: %s", pair::name(change->from).data(), pair::name(change->to).data(),
        pair::meaning(change->reason).text.data());
    invariants_.changed(now_, box, peer(box), *change);
    if (change->from != change->to) strike(box);
  } else if (const auto* save = std::get_if<pair::SaveMaintenance>(&action)) {
    box.disk_maintenance = save->on;
    if (save->on && !box.wanted_aside && now_ > 110 * schedule_.timers.heartbeat) {
      push(now_ + schedule_.timers.heartbeat, What::kNotice, box.index, box.life);
    }
  } else if (const auto* flows = std::get_if<pair::Flows>(&action)) {
    if (flows->what == pair::Flows::What::kFreeze) {
      push(now_ + microseconds(random_.between(100, 3000)), What::kFlushed, box.index, box.life);
    }
  } else if (const auto* alarm = std::get_if<pair::AlarmChange>(&action)) {
    say(&box, "alarm %s %s", pair::kAlarmNames[static_cast<std::size_t>(alarm->alarm)].data(),
        alarm->on ? "raised" : "cleared");
  } else if (const auto* refused = std::get_if<pair::Refused>(&action)) {
    say(&box, "refused: %s", pair::meaning(refused->reason).text.data());
  }
}

void World::plan_wake(Box& box) {
  if (box.state.role == pair::Role::kInit) return;
  const Time due = std::max(box.when(pair::wake_at(box.setup, box.state)), now_) +
                   microseconds(random_.between(1, 60));
  if (box.wake != Time::zero() && box.wake <= due) return;
  box.wake = due;
  push(due, What::kWake, box.index, box.life);
}

// After standing still: what waited and the timer, in either order.
void World::resume(Box& box) {
  if (!box.runs()) return;
  const bool late_frames = random_.chance(0.3);
  if (late_frames) wake(box);
  std::vector<Frame> waiting;
  waiting.swap(box.inbox);
  // It reads its sockets one after the other, whatever came first.
  const bool vips_first = random_.chance(0.5);
  std::stable_partition(waiting.begin(), waiting.end(),
                        [&](const Frame& frame) { return (frame.path == 2) == vips_first; });
  for (const auto& frame : waiting) give(box, frame);
  if (!late_frames) wake(box);
  push(now_ + microseconds(random_.between(50, 1000)), What::kNotice, box.index, box.life);
}

void World::say(const Box* box, const char* format, ...) {
  if (trace_ == nullptr) return;
  std::fprintf(trace_, "%12.3f ms  %s  ", static_cast<double>(now_.count()) / 1e6,
               box == nullptr    ? "-"
               : box->index == 0 ? "A"
                                 : "B");
  va_list values;
  va_start(values, format);
  std::vfprintf(trace_, format, values);
  va_end(values);
  std::fputc('\n', trace_);
}

}  // namespace yoke::sim
