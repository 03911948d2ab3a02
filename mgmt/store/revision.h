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
};

struct Revision {
  std::uint64_t id = 0;
  CommitInfo info;
};

inline constexpr std::size_t kRevisionsKept = 500;

}  // namespace yoke::store
