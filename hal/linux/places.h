// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <string>

// Who has how many of a server's connections. A user may have a quarter of them, and all but root
// and the server's own user three quarters: so that nobody, by a slip or out of spite, keeps out
// those who could end it. Threads: owned by one.
namespace yoke::hal {

class Places {
 public:
  // `own`: the user that the server runs as.
  Places(std::size_t most, uid_t own) : most_(most), own_(own) {}

  // False: none is left for this user.
  [[nodiscard]] bool take(uid_t uid, const std::string& name);
  void leave(uid_t uid);
  // For one that was refused: "user bob has 16 connections already; close some".
  [[nodiscard]] std::string why_none(uid_t uid) const;

 private:
  struct Held {
    std::string name;
    std::size_t count = 0;
  };
  [[nodiscard]] bool is_exempt(uid_t uid) const noexcept { return uid == 0 || uid == own_; }
  [[nodiscard]] std::size_t share() const noexcept { return most_ < 4 ? 1 : most_ / 4; }

  std::size_t most_;
  uid_t own_;
  std::map<uid_t, Held> held_;
  std::size_t all_ = 0, of_others_ = 0;
};

}  // namespace yoke::hal
