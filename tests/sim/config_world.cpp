// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/config_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/replication/codec.h"

namespace yoke::sim {
namespace {

using namespace std::chrono_literals;
using replication::Hash;
using replication::Outcome;
using replication::Position;

constexpr Time kFaultsEnd = 10s;
constexpr Time kEnd = 22s;

enum Trouble : std::uint64_t {
  kPowerCut,
  kPartition,
  kOneWay,
  kLossy,
  kSlowNetwork,
  kSlowDisk,
  kFailingDisk,
  kTroubles
};

// Stands in for SHA-256: the world is made of few revisions.
Hash hash_of(const Hash& parent, std::uint64_t wish, replication::Epoch epoch) {
  std::uint64_t seed = wish * 31 + epoch;
  for (const auto byte : parent) seed = (seed ^ byte) * 0x100000001b3U;
  Random random(seed);
  Hash hash{};
  for (auto& byte : hash) byte = static_cast<std::uint8_t>(random.next());
  return hash;
}

std::string word(Outcome outcome) {
  constexpr std::array<const char*, 4> kOutcomes{"replicated", "alone", "refused", "unknown"};
  return kOutcomes.at(static_cast<std::size_t>(outcome));
}

}  // namespace

ConfigWorld::ConfigWorld(std::uint64_t seed, const replication::Rules& rules,
                         const ConfigQuirks& quirks, std::FILE* trace)
    : random_(seed), quirks_(quirks), trace_(trace) {
  const auto alone =
      random_.chance(0.7) ? replication::Alone::kAccept : replication::Alone::kRefuse;
  for (unsigned i = 0; i < units_.size(); ++i) {
    units_[i].index = i;
    units_[i].setup.rules = &rules;
    units_[i].setup.alone = alone;
    units_[i].setup.schema = 1;
    push(Time(random_.between(1, 400'000'000)), What::kBoot, i);
  }
  if (random_.chance(0.15)) units_[1].setup.schema = 2;  // one of them is of another release
  push(Time(500ms), What::kElect, 0);
  for (int i = 0; i < 8; ++i)
    push(Time(random_.between(600'000'000, 3'000'000'000)), What::kUser, 0);
  const auto troubles = random_.between(1, 30);
  for (std::int64_t i = 0; i < troubles; ++i) {
    push(Time(random_.between(700'000'000, kFaultsEnd.count())), What::kTrouble, 0);
  }
}

void ConfigWorld::push(Time at, What what, unsigned unit, std::uint64_t detail, std::string bytes) {
  queue_.push({at, ++order_, what, unit, units_[unit].life, detail, std::move(bytes)});
}

std::optional<ConfigViolation> ConfigWorld::run() {
  while (!queue_.empty() && !violation_) {
    const Moment moment = queue_.top();
    if (moment.at > kEnd) break;
    queue_.pop();
    now_ = moment.at;
    if (!calm_ && now_ >= kFaultsEnd + 6s) {
      calm_ = true;
      elect();
    }
    handle(moment);
  }
  if (!violation_) check_end();
  return violation_;
}

void ConfigWorld::handle(const Moment& moment) {
  ConfigUnit& unit = units_[moment.unit];
  const bool alive = unit.running && moment.life == unit.life;
  switch (moment.what) {
    case What::kWake:
      if (unit.wake == moment.at) unit.wake = Time::zero();
      if (alive) step(unit, replication::Tick{});
      break;
    case What::kDeliver:
      if (!unit.running) break;
      if (auto letter = replication::decode_letter(moment.bytes)) {
        step(unit, replication::Heard{std::move(*letter)});
      }
      break;
    case What::kPersisted:
      if (alive) persisted(unit);
      break;
    case What::kFound:
      if (alive) step(unit, replication::Found{moment.detail, moment.bytes});
      break;
    case What::kUser:
      if (!calm_) push(now_ + Time(random_.between(20'000'000, 900'000'000)), What::kUser, 0);
      wish(units_[static_cast<std::size_t>(random_.between(0, 1))]);
      break;
    case What::kElect:
      elect();
      if (!calm_) push(now_ + Time(random_.between(400'000'000, 4'000'000'000)), What::kElect, 0);
      break;
    case What::kElected:
      unit.epoch = std::max(unit.epoch, moment.detail >> 1U);
      unit.writer = (moment.detail & 1U) != 0 && unit.epoch == moment.detail >> 1U;
      if (unit.running) step(unit, replication::Elected{unit.writer, unit.epoch});
      break;
    case What::kTrouble:
      begin_trouble();
      break;
    case What::kTroubleEnds:
      end_trouble(moment.detail, moment.unit);
      break;
    case What::kBoot:
      boot(unit);
      break;
  }
}

// The other one sometimes hears of it late, as one that stands still would: then two write.
void ConfigWorld::elect() {
  auto chosen = static_cast<unsigned>(random_.between(0, 1));
  if (!units_[chosen].running) chosen = 1 - chosen;
  ++epochs_;
  const Time late =
      calm_ ? 10ms : Time(random_.between(0, random_.chance(0.3) ? 3'000'000'000 : 200'000'000));
  say(&units_[chosen], fmt::format("is elected, epoch {}", epochs_));
  push(now_ + Time(random_.between(0, 200'000'000)), What::kElected, chosen, epochs_ << 1U | 1U);
  push(now_ + late, What::kElected, 1 - chosen, epochs_ << 1U);
}

void ConfigWorld::boot(ConfigUnit& unit) {
  if (unit.running) return;
  unit.running = true;
  ++unit.life;
  unit.writer = false;
  unit.wake = Time::zero();
  say(&unit, fmt::format("starts at revision {}{}", unit.disk.tip().revision,
                         unit.disk.tentative ? ", and a tentative one" : ""));
  step(unit, replication::Start{random_.next() | 1U, unit.disk.chain, unit.disk.tentative});
  // The election's process went on, or says what it was.
  if (calm_) push(now_ + 100ms, What::kElect, 0);
}

void ConfigWorld::step(ConfigUnit& unit, const replication::Event& event) {
  const auto actions = replication::step(unit.setup, unit.state, event, MonoTime(now_));
  for (const auto& action : actions) act(unit, action);
  const Time due = std::max(Time(replication::wake_at(unit.setup, unit.state).time_since_epoch()),
                            now_ + Time(1ms));
  if (unit.wake != Time::zero() && unit.wake <= due) return;
  unit.wake = due;
  push(due, What::kWake, unit.index);
}

void ConfigWorld::act(ConfigUnit& unit, const replication::Action& action) {
  if (const auto* sent = std::get_if<replication::Send>(&action)) {
    send(unit, sent->letter);
  } else if (const auto* task = std::get_if<replication::Persist>(&action)) {
    persist(unit, task->task);
  } else if (const auto* look = std::get_if<replication::Look>(&action)) {
    push(soon(100, 3000), What::kFound, unit.index, look->number,
         supply(unit, look->from, look->whole));
  } else if (const auto* answer = std::get_if<replication::Answer>(&action)) {
    answered(unit, *answer);
  } else if (const auto* wanted = std::get_if<replication::Carried>(&action)) {
    const std::uint64_t number = ++unit.numbers;
    unit.for_peer[number] = {wanted->boot, wanted->number};
    commit(unit, number, std::stoull(wanted->body));
  } else if (const auto* outcome = std::get_if<replication::CarryAnswer>(&action)) {
    carried(unit, *outcome);
  }
}

void ConfigWorld::send(ConfigUnit& unit, const replication::Letter& letter) {
  const unsigned to = 1 - unit.index;
  const int copies = random_.chance(0.02) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (cut_[unit.index] > 0 || random_.chance(loss_)) continue;
    const Time at = slow_ > 0 && random_.chance(0.5) ? soon(100, 900'000) : soon(80, 1500);
    push(at, What::kDeliver, to, 0, encode(letter));
  }
}

void ConfigWorld::wish(ConfigUnit& unit) {
  if (!unit.running || calm_) return;
  const std::uint64_t wish = ++wishes_;
  const std::uint64_t number = ++unit.numbers;
  if (unit.writer) {
    commit(unit, number, wish);
    return;
  }
  unit.wishes[number] = wish;
  step(unit, replication::Carry{number, std::to_string(wish)});
}

void ConfigWorld::commit(ConfigUnit& unit, std::uint64_t number, std::uint64_t wish) {
  ++commits_;
  const Position parent = unit.state.tip();
  const Position position{unit.epoch, parent.revision + 1, hash_of(parent.hash, wish, unit.epoch),
                          wish};
  if (by_wish_.contains(wish)) violate("outcome", "a commit is made twice");
  by_wish_[wish] = position.hash;
  nodes_[position.hash] = {position, parent.hash, wish, {}};
  unit.commits[number] = position.hash;
  step(unit, replication::Commit{number, {parent, position, "user", std::to_string(wish)}});
}

void ConfigWorld::answered(ConfigUnit& unit, const replication::Answer& answer) {
  const auto found = unit.commits.find(answer.number);
  if (found == unit.commits.end()) return;
  Node& node = nodes_.at(found->second);
  unit.commits.erase(found);
  node.told = answer.outcome;
  say(&unit, fmt::format("revision {}: {} ({})", node.position.revision, word(answer.outcome),
                         static_cast<int>(answer.reason)));
  check_answer(unit, node, answer);
  const auto wanted = unit.for_peer.find(answer.number);
  if (wanted == unit.for_peer.end()) return;
  const auto [boot, number] = wanted->second;
  unit.for_peer.erase(wanted);
  step(unit, replication::CarriedDone{boot, number, word(answer.outcome)});
}

void ConfigWorld::carried(ConfigUnit& unit, const replication::CarryAnswer& answer) {
  const auto found = unit.wishes.find(answer.number);
  if (found == unit.wishes.end()) {
    violate("outcome", "the standby's user is told twice");
    return;
  }
  const std::uint64_t wish = found->second;
  unit.wishes.erase(found);
  const auto made = by_wish_.find(wish);
  if (answer.how == replication::CarryAnswer::How::kRefused) {
    refused_wishes_.insert(wish);
    if (made != by_wish_.end()) violate("outcome", "a commit is made and said not to be taken");
  } else if (answer.how == replication::CarryAnswer::How::kAnswered) {
    ++carried_;
    const auto told = made == by_wish_.end() ? std::nullopt : nodes_.at(made->second).told;
    if (!told || word(*told) != answer.body) {
      violate("outcome", "the standby's user is told what is not so");
    }
  }
}

void ConfigWorld::begin_trouble() {
  const auto kind = static_cast<std::uint64_t>(random_.between(0, kTroubles - 1));
  const auto unit = static_cast<unsigned>(random_.between(0, 1));
  const Time ends = now_ + Time(random_.between(30'000'000, 4'000'000'000));
  ConfigUnit& box = units_[unit];
  if (kind == kPowerCut) power_off(box);
  if (kind == kPartition) ++cut_[1 - unit];
  if (kind == kPartition || kind == kOneWay) ++cut_[unit];
  if (kind == kLossy) loss_ = 0.3;
  if (kind == kSlowNetwork) ++slow_;
  if (kind == kSlowDisk) ++box.disk_slow;
  if (kind == kFailingDisk) ++box.disk_failing;
  if (kind != kPowerCut) say(&box, fmt::format("trouble {} begins", kind));
  push(ends, kind == kPowerCut ? What::kBoot : What::kTroubleEnds, unit, kind);
}

void ConfigWorld::end_trouble(std::uint64_t kind, unsigned unit) {
  ConfigUnit& box = units_[unit];
  if (kind == kPartition) --cut_[1 - unit];
  if (kind == kPartition || kind == kOneWay) --cut_[unit];
  if (kind == kLossy) loss_ = 0;
  if (kind == kSlowNetwork) --slow_;
  if (kind == kSlowDisk) --box.disk_slow;
  if (kind == kFailingDisk) --box.disk_failing;
  say(&box, fmt::format("trouble {} ends", kind));
}

void ConfigWorld::say(const ConfigUnit* unit, const std::string& text) {
  if (trace_ == nullptr) return;
  fmt::print(trace_, "{:12.3f} ms  {}  {}\n", static_cast<double>(now_.count()) / 1e6,
             unit->index == 0 ? "A" : "B", text);
}

}  // namespace yoke::sim
