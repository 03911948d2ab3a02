// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/net/address.h"
#include "mgmt/health/settings.h"

// What is checked and how: plain values, independent of how they are configured. Threads: values,
// any.
namespace yoke::health {

enum class Verdict : std::uint8_t { kUnknown, kUp, kDown };

struct Check {
  std::string key = "tcp";  // its kind, and a name behind a colon: "http:admin"
  std::uint16_t port = 0;   // 0: the server's own
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds down_interval{0};  // while it is down; 0: as always
  std::chrono::milliseconds fast_interval{0};  // while results speak against the verdict; the same
  unsigned jitter_percent = 0;                 // of the interval, by which a probe may be put off
  std::chrono::milliseconds timeout{1000};  // from the first packet to the last byte of the answer
  unsigned rise = 2;                        // passed in a row that bring a server up
  unsigned fall = 3;                        // failed in a row that take it down
  std::string pool = {};                    // whose servers it checks, for scripts to be told
  Settings settings;                        // the kind's own

  [[nodiscard]] std::string_view kind() const noexcept {
    return std::string_view(key).substr(0, key.find(':'));
  }
  friend bool operator==(const Check&, const Check&) = default;
};

// A server and its checks, each with a key of its own.
struct Target {
  std::string pool;
  net::Endpoint server;
  std::vector<Check> checks;          // empty: not watched, unless passively
  Verdict known = Verdict::kUnknown;  // what holds of a server not watched so far, after a restart
  std::size_t required = 0;           // how many checks must pass for it to be up; 0: all
  bool passive = false;               // may be held; without checks it is up while it is not
};

}  // namespace yoke::health
