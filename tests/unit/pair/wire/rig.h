// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/pair/wire/session.h"

// Two ends of a session and the wire between, which keeps all that went over it.
namespace yoke::pair {

using Frame = std::vector<std::uint8_t>;

inline constexpr std::uint8_t kDedicatedWay = 0, kDataWay = 1;
inline constexpr MonoTime kStartTime{std::chrono::hours(1)};

inline Key key_of(std::uint8_t id) {
  Key key{id, {}};
  key.bytes.fill(static_cast<std::uint8_t>(0xa0 + id));
  return key;
}

// `boot` stands for what a process draws at random at its start.
inline Session::Start start_of(std::uint8_t unit, std::uint8_t boot, const Key& key = key_of(1)) {
  Session::Start start;
  start.unit = static_cast<Unit>(unit);
  start.boot.fill(boot);
  start.boot[0] = static_cast<std::uint8_t>(0xf0 + unit);
  start.seed.fill(static_cast<std::uint8_t>(boot * 3 + 101 * unit));
  start.key = key;
  return start;
}

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

inline Frame sealed(Session& from, std::string_view body, std::uint8_t channel = kDedicatedWay) {
  Frame frame(kFrameOverhead + body.size());
  frame.resize(from.seal(channel, bytes_of(body), frame));
  return frame;
}
inline Frame hello_of(Session& from, MonoTime now = kStartTime,
                      std::uint8_t channel = kDedicatedWay) {
  Frame frame(1500);
  from.compose_hello(now);
  frame.resize(from.seal_hello(channel, frame));
  return frame;
}

// What `to` makes of it: the body, "hello" or "new", or the reason for refusal in brackets.
inline std::string heard(Session& to, const Frame& frame, std::uint8_t channel = kDedicatedWay,
                         MonoTime now = kStartTime) {
  const auto opened = to.open(channel, frame, now);
  if (!opened) return "[" + std::string(to_string(opened.error())) + "]";
  if (opened->kind == FrameKind::kMessage) return text_of(opened->body);
  return opened->is_new ? "new" : "hello";
}

// Hellos both ways until neither wants to say more; how many there were. All of them are kept.
inline std::size_t meet(Session& a, Session& b, std::vector<Frame>* kept = nullptr,
                        MonoTime now = kStartTime) {
  std::size_t hellos = 0;
  for (int round = 0; round < 10 && (a.wants_hello() || b.wants_hello()); ++round) {
    for (const bool from_a : {true, false}) {
      Session& from = from_a ? a : b;
      if (!from.wants_hello()) continue;
      const Frame frame = hello_of(from, now);
      if (kept != nullptr) kept->push_back(frame);
      (void)heard(from_a ? b : a, frame, kDedicatedWay, now);
      ++hellos;
    }
  }
  return hellos;
}

}  // namespace yoke::pair
