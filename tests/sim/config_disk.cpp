// SPDX-License-Identifier: Apache-2.0
// The store of a simulated unit: each task is there whole or not at all after a power cut.
#include <fmt/format.h>

#include <algorithm>

#include "mgmt/replication/codec.h"
#include "tests/sim/config_world.h"

namespace yoke::sim {

using replication::Position;

void ConfigWorld::persist(ConfigUnit& unit, const replication::Task& task) {
  tasks_[unit.index] = task;
  const bool slow = unit.disk_slow > 0;
  const Time done = slow ? soon(300'000, 2'500'000) : soon(300, 12'000);
  if (!quirks_.told_too_early) {
    push(done, What::kPersisted, unit.index, 0);
    return;
  }
  // Written only then; and until then the process believes it is.
  push(soon(1, 2), What::kPersisted, unit.index, 1);
}

void ConfigWorld::persisted(ConfigUnit& unit) {
  if (!tasks_[unit.index]) return;
  const replication::Task task = *std::exchange(tasks_[unit.index], std::nullopt);
  if (unit.disk_failing > 0) {
    step(unit, replication::Persisted{false});
    return;
  }
  const bool lies = (quirks_.sync_skipped && random_.chance(0.5)) || quirks_.told_too_early;
  if (lies) {
    if (!unit.told) unit.told = unit.disk;
    write(unit, *unit.told, task);
    // What is not synced gets there some time.
    if (random_.chance(0.5)) unit.disk = *std::exchange(unit.told, std::nullopt);
  } else {
    if (unit.told) unit.disk = *std::exchange(unit.told, std::nullopt);
    write(unit, unit.disk, task);
  }
  step(unit, replication::Persisted{true});
  const bool alarmed = (unit.state.alarms & 2U) != 0;
  if (const auto* adopt = std::get_if<replication::Adopt>(&task)) {
    if (adopt->as_branch && !alarmed) violate("I6", "a branch is put aside and nobody is told");
  }
}

void ConfigWorld::append(ConfigUnit& unit, ConfigDisk& disk, const Position& position,
                         const Position& parent) {
  const Node& node = nodes_.at(position.hash);
  if (!(disk.tip() == parent) || node.parent != disk.tip().hash) {
    violate("I6", fmt::format("unit {} puts revision {} behind one that it does not follow",
                              unit.index, position.revision));
  }
  if (position.epoch < disk.tip().epoch) {
    violate("I6", fmt::format("unit {}: revision {} is of epoch {}, the one before it of {}",
                              unit.index, position.revision, position.epoch, disk.tip().epoch));
  }
  disk.chain.push_back(position);
  disk.tentative.reset();
}

void ConfigWorld::write(ConfigUnit& unit, ConfigDisk& disk, const replication::Task& task) {
  if (const auto* keep = std::get_if<replication::KeepTentative>(&task)) {
    disk.tentative = keep->tentative;
  } else if (std::holds_alternative<replication::DropTentative>(task)) {
    disk.tentative.reset();
  } else if (std::holds_alternative<replication::FinishTentative>(task)) {
    if (!disk.tentative) return;
    const replication::Revision revision = disk.tentative->revision;
    append(unit, disk, revision.position, revision.parent);
  } else if (const auto* next = std::get_if<replication::Append>(&task)) {
    append(unit, disk, next->revision.position, next->revision.parent);
  } else if (const auto* adopt = std::get_if<replication::Adopt>(&task)) {
    const ConfigDisk before = disk;
    const auto beyond = [&](const Position& at) { return at.revision > adopt->common; };
    if (adopt->as_branch) {
      auto& branch = disk.branches.emplace_back();
      std::ranges::copy_if(disk.chain, std::back_inserter(branch), beyond);
      ++branches_;
    }
    std::erase_if(disk.chain, beyond);
    disk.chain.push_back(adopt->snapshot.position);
    disk.tentative.reset();
    check_adopted(unit, before, disk);
  } else if (const auto* own = std::get_if<replication::CommitOwn>(&task)) {
    const auto found = unit.commits.find(own->number);
    if (found == unit.commits.end()) return;
    const Node& node = nodes_.at(found->second);
    const auto parent = nodes_.find(node.parent);
    append(unit, disk, node.position,
           parent == nodes_.end() ? Position() : parent->second.position);
  }
  say(&unit, fmt::format("on disk: revision {} of epoch {}{}", disk.tip().revision,
                         disk.tip().epoch, disk.tentative ? ", and a tentative one" : ""));
  check_disk(unit, std::holds_alternative<replication::Adopt>(task));
}

// What was being written is there or not.
void ConfigWorld::power_off(ConfigUnit& unit) {
  if (!unit.running) return;
  say(&unit, "loses power");
  unit.running = false;
  ++unit.life;
  unit.told.reset();
  if (auto task = std::exchange(tasks_[unit.index], std::nullopt)) {
    if (unit.disk_failing == 0 && random_.chance(0.5)) write(unit, unit.disk, *task);
  }
  if (quirks_.marks_forgotten) unit.disk.tentative.reset();
  for (const auto& [number, hash] : unit.commits) {
    Node& node = nodes_.at(hash);
    if (!node.told) node.told = replication::Outcome::kUnknown;
  }
  unit.commits.clear();
  unit.wishes.clear();
  unit.for_peer.clear();
  check_disk(unit, true);
}

std::string ConfigWorld::supply(const ConfigUnit& unit, const Position& from, bool whole) {
  const auto& chain = unit.told ? unit.told->chain : unit.disk.chain;
  if (chain.empty()) return {};
  if (!whole) {
    for (const Position& at : chain) {
      if (at.revision != from.revision + 1) continue;
      return encode(replication::Supply(
          replication::Revision{from, at, "user", std::to_string(nodes_.at(at.hash).wish)}));
    }
    return {};
  }
  replication::Snapshot snapshot;
  snapshot.position = chain.back();
  for (const Position& at : chain) snapshot.marks.push_back({at.revision, at.hash});
  snapshot.document = "all of it";
  return encode(replication::Supply(std::move(snapshot)));
}

}  // namespace yoke::sim
