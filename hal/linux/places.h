// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

// Who has how many of a server's connections. A user may have a quarter of them. All but root and
// the server's own user have three quarters together, of the last quarter half is for
// administrators among them: so that nobody, by a slip or out of spite, keeps out those who could
// end it. Threads: owned by one.
namespace yoke::hal {

class Places {
 public:
  // One connection that is there.
  struct Holding {
    uid_t uid = 0;
    std::string user;
    pid_t pid = 0;
    std::chrono::system_clock::time_point since;
  };

  // `own`: the user that the server runs as.
  Places(std::size_t most, uid_t own) : most_(most), own_(own) {}

  // False: none is left for this user.
  [[nodiscard]] bool take(uid_t uid, bool is_admin);
  void leave(uid_t uid);
  // One of `holder`'s that goes makes room for one of `comer`'s, and he may ask for that.
  [[nodiscard]] bool may_replace(uid_t comer, uid_t holder) const noexcept {
    return comer == holder || (is_exempt(comer) && is_exempt(holder));
  }
  // For one that was refused: who has them, as processes, the one that has most first.
  // "user bob has 16 connections, as many as one may have; close some: bob's pid 811 has 14 since
  // 2026-11-23 02:11:05 UTC, ..."
  [[nodiscard]] std::string why_none(uid_t uid, const std::vector<Holding>& all) const;

 private:
  [[nodiscard]] bool is_exempt(uid_t uid) const noexcept { return uid == 0 || uid == own_; }
  [[nodiscard]] std::size_t share() const noexcept { return most_ < 4 ? 1 : most_ / 4; }
  [[nodiscard]] std::size_t held_by(uid_t uid) const;

  std::size_t most_;
  uid_t own_;
  std::map<uid_t, std::size_t> held_;
  std::size_t all_ = 0, of_others_ = 0;
};

}  // namespace yoke::hal
