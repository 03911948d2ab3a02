// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/net/address.h"

// What is checked and how: plain values, independent of how they are configured. Threads: values,
// any.
namespace yoke::health {

enum class Verdict : std::uint8_t { kUnknown, kUp, kDown };

enum class CheckType : std::uint8_t {
  kTcp,   // the server takes a connection
  kHttp,  // and answers a request with an expected status
};
[[nodiscard]] constexpr std::string_view to_string(CheckType type) noexcept {
  return type == CheckType::kTcp ? "tcp" : "http";
}

struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 200;  // inclusive
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

struct Check {
  CheckType type = CheckType::kTcp;
  std::uint16_t port = 0;  // 0: the server's own
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds timeout{1000};  // from the first packet to the last byte of the answer
  unsigned rise = 2;                        // passed in a row that bring a server up
  unsigned fall = 3;                        // failed in a row that take it down

  // kHttp only.
  bool head = false;                    // HEAD in place of GET
  std::string path = "/";               // sent as it is, query included
  std::string host;                     // Host header; empty: the server's address
  std::vector<StatusRange> expect{{}};  // any of these
  friend bool operator==(const Check&, const Check&) = default;
};

// A server and its checks, at most one of a type. All of them must pass for it to be up.
struct Target {
  std::string pool;
  net::Endpoint server;
  std::vector<Check> checks;          // empty: not watched
  Verdict known = Verdict::kUnknown;  // what holds of a server not watched so far, after a restart
};

}  // namespace yoke::health
