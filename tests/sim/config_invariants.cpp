// SPDX-License-Identifier: Apache-2.0
// What must be true of two units' configurations at every moment (README.md).
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/config_world.h"

namespace yoke::sim {

using replication::Hash;
using replication::Outcome;
using replication::Position;

void ConfigWorld::violate(const char* invariant, std::string text) {
  if (!violation_) violation_ = ConfigViolation{invariant, std::move(text), now_};
}

// `ancestor` is `hash` or before it.
bool ConfigWorld::descends(const Hash& hash, const Hash& ancestor) {
  const std::uint64_t revision = nodes_.at(ancestor).position.revision;
  for (auto at = nodes_.find(hash); at != nodes_.end(); at = nodes_.find(at->second.parent)) {
    if (at->first == ancestor) return true;
    if (at->second.position.revision <= revision) return false;
  }
  return false;
}

bool ConfigWorld::holds(const ConfigUnit& unit, const Hash& hash) {
  const ConfigDisk& disk = unit.disk;
  if (disk.tentative && disk.tentative->revision.position.hash == hash) return true;
  return descends(disk.tip().hash, hash);
}

void ConfigWorld::check_disk(const ConfigUnit& unit, bool all) {
  const std::size_t first = all || replicated_.empty() ? 0 : replicated_.size() - 1;
  for (std::size_t i = first; i < replicated_.size(); ++i) {
    if (holds(unit, replicated_[i])) continue;
    violate("I5", fmt::format("unit {} has lost revision {} that was said to be replicated",
                              unit.index, nodes_.at(replicated_[i]).position.revision));
  }
  const ConfigDisk& disk = unit.disk;
  if (disk.chain.empty()) return;
  const Node& newest = nodes_.at(disk.tip().hash);
  if (newest.told == Outcome::kRefused || refused_wishes_.contains(newest.wish)) {
    violate("outcome", fmt::format("unit {} has revision {} that was said to be refused",
                                   unit.index, newest.position.revision));
  }
}

void ConfigWorld::check_answer(ConfigUnit& unit, const Node& node,
                               const replication::Answer& answer) {
  const Hash hash = node.position.hash;
  const auto revision = node.position.revision;
  if (answer.outcome == Outcome::kReplicated) {
    for (const ConfigUnit& each : units_) {
      if (holds(each, hash)) continue;
      violate("I5", fmt::format("revision {} is said to be replicated; unit {} has it not",
                                revision, each.index));
    }
    const ConfigDisk& other = peer(unit).disk;
    const bool next = other.tip().hash == node.parent || descends(other.tip().hash, hash);
    if (!next) violate("I7", fmt::format("the standby is at another than revision {}", revision));
    replicated_.push_back(hash);
  }
  if (answer.outcome == Outcome::kAlone && unit.setup.alone == replication::Alone::kRefuse) {
    violate("policy", fmt::format("revision {} is committed alone", revision));
  }
  if (answer.outcome == Outcome::kRefused && (holds(unit, hash) || holds(peer(unit), hash))) {
    violate("outcome", fmt::format("revision {} is there and said to be refused", revision));
  }
}

void ConfigWorld::check_adopted(const ConfigUnit& unit, const ConfigDisk& before,
                                const ConfigDisk& after) {
  bool lost = false;
  for (const Position& at : before.chain) {
    const bool aside = std::ranges::any_of(after.branches, [&](const auto& branch) {
      return std::ranges::find(branch, at) != branch.end();
    });
    if (descends(after.tip().hash, at.hash)) continue;
    lost = true;
    if (!aside) {
      violate("I6", fmt::format("unit {} loses revision {} of epoch {}", unit.index, at.revision,
                                at.epoch));
    }
  }
  if (lost && !replication::outweighs(after.tip(), before.tip())) {
    violate("I6", fmt::format("unit {} gives up epoch {} for {}", unit.index, before.tip().epoch,
                              after.tip().epoch));
  }
}

void ConfigWorld::check_end() {
  const auto& one = units_[0];
  const auto& other = units_[1];
  const bool same =
      one.disk.tip() == other.disk.tip() && !one.disk.tentative && !other.disk.tentative;
  if (!same) {
    violate("I9",
            fmt::format("in the end the units are at {}.{} and {}.{}{}", one.disk.tip().epoch,
                        one.disk.tip().revision, other.disk.tip().epoch, other.disk.tip().revision,
                        one.disk.tentative || other.disk.tentative ? ", one tentative" : ""));
    return;
  }
  for (const ConfigUnit& unit : units_) {
    if (!replication::is_in_sync(unit.setup, unit.state, MonoTime(now_))) {
      violate("I9", fmt::format("unit {} does not know that it is in sync", unit.index));
    }
    if (unit.state.own || unit.state.busy) violate("I9", "a commit is not answered");
    if (!unit.wishes.empty()) violate("I9", "a user at the standby is not answered");
  }
  for (const auto& [hash, node] : nodes_) {
    if (!node.told || *node.told == Outcome::kRefused || *node.told == Outcome::kUnknown) continue;
    const auto has = [&](const auto& branch) {
      return std::ranges::find(branch, node.position) != branch.end();
    };
    const bool aside = std::ranges::any_of(one.disk.branches, has) ||
                       std::ranges::any_of(other.disk.branches, has);
    if (!aside && !descends(one.disk.tip().hash, hash)) {
      violate("I6", fmt::format("revision {} of epoch {} is nowhere", node.position.revision,
                                node.position.epoch));
    }
  }
}

}  // namespace yoke::sim
