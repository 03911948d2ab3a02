// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/engine.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "mgmt/pair/wire/message_codec.h"

namespace yoke::pair {
namespace {

// The election tells processes apart by 64 bits of what the session drew at random.
std::uint64_t short_boot(const Boot& boot) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, boot.data(), sizeof value);
  return value == 0 ? 1 : value;
}

Config config_of(const GroupSettings& group, const Settings& settings, Unit unit) {
  Config config;
  config.unit = unit;
  config.group = group.vrid;
  config.priority = group.priority;
  config.preempt = group.preempt;
  config.policy = settings.policy;
  config.last_man = group.last_man;
  config.channels = {true, true, false};
  return config;
}

Unit other(Unit unit) noexcept { return unit == Unit::kA ? Unit::kB : Unit::kA; }

}  // namespace

Engine::Plan::Plan(const Settings& settings, Unit unit, std::vector<GroupMemory> recalled)
    : settings_(settings), recalled_(std::move(recalled)) {
  recalled_.resize(settings_.groups.size());
  groups_.reserve(settings_.groups.size());
  for (const GroupSettings& group : settings_.groups) {
    groups_.push_back(
        {Setup{config_of(group, settings_, unit), settings_.timers(), &kRules}, State{}});
  }
}

std::optional<std::size_t> Engine::Plan::find(Group number) const noexcept {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].setup.config.group == number) return i;
  }
  return std::nullopt;
}

Engine::Engine(const Parts& parts, Outlet& outlet)
    : plan_(parts.settings, parts.session.unit, parts.recalled),
      heartbeat_(parts.settings.timers().heartbeat),
      outlet_(outlet),
      session_(parts.session),
      unit_(parts.session.unit),
      boot_(short_boot(parts.session.boot)),
      restarted_(parts.restarted) {}

void Engine::start(MonoTime now) {
  for (std::size_t i = 0; i < groups(); ++i) start_group(i, restarted_, now);
}

void Engine::start_group(std::size_t group, bool restarted, MonoTime now) {
  const GroupMemory& recalled = plan_.recalled_[group];
  step(group, Start{boot_, restarted, recalled.reserved, recalled.maintenance}, 0, now);
}

void Engine::retire(const Plan& next, MonoTime now) {
  for (std::size_t i = 0; i < groups(); ++i) {
    if (next.find(plan_.groups_[i].setup.config.group)) continue;
    step(i, Command{.what = Command::What::kRemove}, 0, now);
  }
}

void Engine::adopt(Plan& next, MonoTime now) {
  const bool timers = next.settings_.profile != plan_.settings_.profile;
  std::swap(plan_, next);
  heartbeat_ = plan_.settings_.timers().heartbeat;
  for (std::size_t i = 0; i < groups(); ++i) {
    const auto before = next.find(plan_.groups_[i].setup.config.group);
    if (before) {
      plan_.groups_[i].state = next.groups_[*before].state;
      step(i, Reconfigured{timers}, 0, now);
    } else {
      start_group(i, true, now);  // the peer, if it has the group, says so soon
    }
  }
}

bool Engine::uses(std::uint8_t way) const noexcept {
  return way == kVipWay || way == static_cast<std::uint8_t>(Channel::kDedicated) ||
         way == static_cast<std::uint8_t>(Channel::kData);
}

bool Engine::hear(std::uint8_t way, Bytes frame, MonoTime now) {
  const auto opened = session_.open(way, frame, now);
  if (!opened) {
    if (opened.error() == Refusal::kDuplicateUnit) hear_duplicate(way, now);
    return false;
  }
  if (opened->kind == FrameKind::kMessage) take(way, opened->body, now);
  if (opened->kind == FrameKind::kRotation) outlet_.rotation_heard(opened->body);
  return true;
}

void Engine::take(std::uint8_t way, Bytes body, MonoTime now) {
  if (!uses(way)) {
    ++misfits_;
    return;
  }
  Heard heard{*session_.peer(), std::nullopt, {}};
  if (way != kVipWay) heard.channel = static_cast<Channel>(way);
  MessageReader reader(body);
  while (const auto message = reader.next()) {
    const auto group = find(std::visit([](const auto& what) { return what.group; }, *message));
    if (group) {
      heard.message = *message;
      step(*group, heard, 0, now);
    } else {
      ++misfits_;
    }
  }
  misfits_ += reader.refused();
}

// Authentic, of our own number, of another process: all that matters is that it is there.
void Engine::hear_duplicate(std::uint8_t way, MonoTime now) {
  if (way >= kChannels) return;
  const Heard heard{Sender{unit_, boot_ + 1}, static_cast<Channel>(way), Heartbeat{}};
  for (std::size_t i = 0; i < groups(); ++i) step(i, heard, 0, now);
}

void Engine::hear_holder(const net::IpAddress& vip, MonoTime now) {
  for (std::size_t i = 0; i < groups(); ++i) {
    if (state(i).role != Role::kCandidate) continue;
    const auto& vips = settings().groups[i].vips;
    if (std::find(vips.begin(), vips.end(), vip) == vips.end()) continue;
    const Group number = plan_.groups_[i].setup.config.group;
    step(i, Heard{Sender{other(unit_), 0}, std::nullopt, ProbeReply{number, 0}}, 0, now);
  }
}

void Engine::hear_foreign(std::size_t group, bool outranks, MonoTime now) {
  step(group, ForeignSeen{outranks}, 0, now);
}

void Engine::track(std::size_t group, const Tracking& tracking, MonoTime now) {
  if (state(group).tracking != tracking) step(group, Tracked{tracking}, 0, now);
}

void Engine::reserved(std::size_t group, Epoch up_to, MonoTime now) {
  step(group, EpochReserved{up_to}, 0, now);
}

void Engine::flushed(MonoTime now) {
  for (std::size_t i = 0; i < groups(); ++i) {
    if (state(i).handoff.phase == Handoff::Phase::kFlush) step(i, Flushed{}, 0, now);
  }
}

void Engine::quiet(std::size_t group, Epoch epoch, MonoTime now) {
  step(group, Quiet{epoch}, 0, now);
}

MonoTime Engine::go_anyway_at(std::size_t group) const {
  const auto& at = plan_.groups_[group];
  return at.setup.rules->go_anyway_at(View{at.setup, at.state, at.state.last_step});
}

void Engine::command(std::size_t group, const Command& command, std::uint32_t ticket,
                     MonoTime now) {
  step(group, command, ticket, now);
}

void Engine::tick(MonoTime now) {
  for (std::size_t i = 0; i < groups(); ++i) step(i, Tick{}, 0, now);
  if (now >= next_hello_ && session_.wants_hello()) {
    next_hello_ = now + heartbeat_;
    say_hello(now);
  }
}

MonoTime Engine::wake_at() const noexcept {
  MonoTime wake = MonoTime::max();
  for (const auto& group : plan_.groups_) {
    wake = std::min(wake, pair::wake_at(group.setup, group.state));
  }
  return session_.wants_hello() ? std::min(wake, next_hello_) : wake;
}

Report Engine::report_of(std::size_t group, Report::Kind kind) const noexcept {
  Report report;
  report.kind = kind;
  report.group = plan_.groups_[group].setup.config.group;
  return report;
}

void Engine::step(std::size_t group, const Event& event, std::uint32_t ticket, MonoTime now) {
  Plan::GroupEngine& at = plan_.groups_[group];
  const Actions actions = pair::step(at.setup, at.state, event, now);
  bool refused = false;
  for (const Action& action : actions) {
    carry_out(group, action, ticket);
    refused = refused || std::holds_alternative<Refused>(action);
  }
  if (actions.lost() > 0) {
    outlet_.report(report_of(group, Report::Kind::kOverflow));
  }
  if (ticket != 0 && !refused) {
    Report obeyed = report_of(group, Report::Kind::kObeyed);
    obeyed.ticket = ticket;
    outlet_.report(obeyed);
  }
}

void Engine::carry_out(std::size_t group, const Action& action, std::uint32_t ticket) {
  const auto act = [&](const auto& what) {
    using T = std::decay_t<decltype(what)>;
    if constexpr (std::is_same_v<T, SetLease>) {
      if (what.is_handed_over) {
        outlet_.hand_over_lease(group, what.lease);
      } else {
        outlet_.set_lease(group, what.lease);
      }
    } else if constexpr (std::is_same_v<T, Send>) {
      send(what.message, what.where);
      if (what.where == Send::Where::kVips) outlet_.ask_for_vips(group);
    } else if constexpr (std::is_same_v<T, ReserveEpoch>) {
      outlet_.reserve(group, what.up_to);
    } else if constexpr (std::is_same_v<T, Announce>) {
      outlet_.announce(group);
    } else if constexpr (std::is_same_v<T, Withdraw>) {
      outlet_.withdraw(group);
    } else if constexpr (std::is_same_v<T, Reclaim>) {
      outlet_.reclaim(group);
    } else if constexpr (std::is_same_v<T, Transition>) {
      Report changed = report_of(group, Report::Kind::kTransition);
      changed.from = what.from;
      changed.to = what.to;
      changed.reason = what.reason;
      changed.epoch = what.epoch;
      outlet_.report(changed);
    } else if constexpr (std::is_same_v<T, AlarmChange>) {
      Report alarm = report_of(group, Report::Kind::kAlarm);
      alarm.alarm = what.alarm;
      alarm.on = what.on;
      outlet_.report(alarm);
    } else if constexpr (std::is_same_v<T, SaveMaintenance>) {
      outlet_.save_maintenance(group, what.on);
    } else if constexpr (std::is_same_v<T, Flows>) {
      // New flows go on being opened until the lease is let go: the peer hears of them in time, and
      // a client whose first packet is dropped would wait for a second.
      if (what.what == Flows::What::kFreeze) outlet_.flush_flows();
    } else if constexpr (std::is_same_v<T, Refused>) {
      Report refused = report_of(group, Report::Kind::kRefused);
      refused.reason = what.reason;
      refused.ticket = ticket;
      outlet_.report(refused);
    }
  };
  std::visit(act, action);
}

void Engine::send(const Message& message, Send::Where where) {
  MessageWriter writer(body_);
  if (!writer.add(message)) return;
  const Bytes body = writer.body();
  const auto by = [&](std::uint8_t way) {
    const std::size_t sealed = session_.seal(way, body, frame_);
    if (sealed != 0) outlet_.send(way, {frame_.data(), sealed});
  };
  if (where == Send::Where::kVips) return by(kVipWay);
  by(static_cast<std::uint8_t>(Channel::kDedicated));
  by(static_cast<std::uint8_t>(Channel::kData));
}

void Engine::say_rotation(Bytes body) {
  for (const Channel channel : {Channel::kDedicated, Channel::kData}) {
    const auto way = static_cast<std::uint8_t>(channel);
    const std::size_t sealed = session_.seal_rotation(way, body, frame_);
    if (sealed != 0) outlet_.send(way, {frame_.data(), sealed});
  }
}

void Engine::say_hello(MonoTime now) {
  session_.compose_hello(now);
  for (const Channel channel : {Channel::kDedicated, Channel::kData}) {
    const auto way = static_cast<std::uint8_t>(channel);
    const std::size_t sealed = session_.seal_hello(way, frame_);
    if (sealed != 0) outlet_.send(way, {frame_.data(), sealed});
  }
}

}  // namespace yoke::pair
