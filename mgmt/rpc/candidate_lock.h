// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

// Who edits alone (`configure exclusive`): while somebody does, nobody else edits or commits. It
// ends with its holder's session at the latest. Threads: the loop's.
namespace yoke::rpc {

struct CandidateLock {
  struct Holder {
    const void* session = nullptr;  // which it is, never looked into
    std::string user;
    std::string from;
    std::chrono::system_clock::time_point since;
  };
  std::optional<Holder> holder;

  [[nodiscard]] bool is_held_by_other(const void* session) const noexcept {
    return holder && holder->session != session;
  }
  [[nodiscard]] bool is_held_by(const void* session) const noexcept {
    return holder && holder->session == session;
  }
  void release(const void* session) noexcept {
    if (is_held_by(session)) holder.reset();
  }
};

}  // namespace yoke::rpc
