// SPDX-License-Identifier: Apache-2.0
// Replica, as far as what is wrong outlives its process: in the store's notes.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "mgmt/peer/replica.h"

namespace yoke::peer {
namespace {

constexpr const char* kSeenNote = "branches seen";
constexpr const char* kAloneNote = "unreplicated";

}  // namespace

// Where it cannot be written it is found out anew once the other unit is heard.
void Replica::note_alone() {
  const bool stands =
      (state_.alarms & (1U << static_cast<unsigned>(replication::Alarm::kUnreplicated))) != 0;
  const auto noted = around_.store.note(kAloneNote);
  if (!is_live_ || (noted && noted->empty() != stands)) return;
  (void)around_.store.set_note(kAloneNote, stands ? "yes" : "");
}

std::set<std::string> Replica::seen_branches() const {
  std::set<std::string> seen;
  const auto noted = around_.store.note(kSeenNote);
  if (!noted) return seen;
  std::istringstream lines(*noted);
  for (std::string line; std::getline(lines, line);) seen.insert(line);
  return seen;
}

// Names of those that are no more go with it.
Status Replica::note_branches(const std::set<std::string>& seen) {
  const auto branches = around_.store.branches();
  if (!branches) return tl::unexpected<Error>(branches.error());
  std::string lines;
  for (const auto& branch : *branches) {
    if (seen.contains(branch.name)) lines += branch.name + "\n";
  }
  auto noted = around_.store.set_note(kSeenNote, lines);
  look_at_branches();
  return noted;
}

void Replica::look_at_branches() {
  unseen_.clear();
  const auto branches = around_.store.branches();
  if (!branches) return;
  const auto seen = seen_branches();
  for (const auto& branch : *branches) {
    if (!seen.contains(branch.name)) unseen_.push_back(branch.name);
  }
  around_.changed();
}

Status Replica::see_branch(const std::string& name, bool drop) {
  const auto branches = around_.store.branches();
  if (!branches) return tl::unexpected<Error>(branches.error());
  if (std::ranges::find(*branches, name, &store::Branch::name) == branches->end()) {
    return fail(Errc::kNotFound, "E-404", "there is no branch " + name + ": see show ha branches");
  }
  if (drop) {
    if (auto gone = around_.store.drop_branch(name); !gone) return gone;
  }
  auto seen = seen_branches();
  if (!drop) seen.insert(name);
  return note_branches(seen);
}

}  // namespace yoke::peer
