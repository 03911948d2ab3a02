// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "mgmt/store/unconfirmed.h"

// What the history says of a commit. Threads: values, any.
namespace yoke::store {

// Who commits, from where and how, for the history.
struct CommitInfo {
  std::chrono::system_clock::time_point at;
  std::string user;     // "root"
  std::string origin;   // "pid 4711", an address
  std::string how;      // "cli", "revert"
  std::string note;     // what the user wrote
  std::string changes;  // "+1 vip ~2 servers"
  std::optional<Deadline> confirm_by = {};
  bool is_scheduled = false;  // it is the commit that was scheduled, which is so no more
  std::uint64_t epoch = 0;    // of the claim under which it is made; 0: there is no peer
};

struct Revision {
  std::uint64_t id = 0;
  CommitInfo info;
  std::string digest = {};  // of the records it holds: alike where they are
};

// The row of unit.db that has what belongs to the unit alone, as of a revision.
struct UnitRow {
  std::uint64_t revision = 0;  // that wrote it; 0: there is no row, nothing belongs to the unit
  std::string stamp = {};      // a digest of it, so that no other row is taken for it
  [[nodiscard]] bool is_empty() const noexcept { return revision == 0; }
  friend bool operator==(const UnitRow&, const UnitRow&) = default;
};

inline constexpr std::size_t kRevisionsKept = 500;

}  // namespace yoke::store
