// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace yoke::health {

// What a protocol wants next.
struct Move {
  enum class Next : std::uint8_t {
    kReceive,   // more from the server
    kStartTls,  // TLS from here on
    kPassed,
    kFailed,
  };
  Next next = Next::kReceive;
  std::string_view stage = "answer";  // what is waited for, in a word or two; a literal
  std::string send;                   // goes out before
  std::string seen;                   // what has come and led here, in words, for the transcript
  std::string text;                   // of a verdict: in words, without the kind
};

[[nodiscard]] inline Move receive(std::string_view stage, std::string send = {},
                                  std::string seen = {}) {
  return {Move::Next::kReceive, stage, std::move(send), std::move(seen), {}};
}
[[nodiscard]] inline Move start_tls(std::string_view stage, std::string send = {}) {
  return {Move::Next::kStartTls, stage, std::move(send), {}, {}};
}
[[nodiscard]] inline Move passed(std::string text) {
  return {Move::Next::kPassed, {}, {}, {}, std::move(text)};
}
[[nodiscard]] inline Move failed(std::string text) {
  return {Move::Next::kFailed, {}, {}, {}, std::move(text)};
}

// Of a login that goes no other way.
inline constexpr std::string_view kTellsVerifiedOnly =
    "login wants the password itself, which is told to a verified server alone: set tls yes and "
    "verify yes";

// One side of a conversation with a server, as a state machine: what has come, in; what to do, out.
// It knows no socket and no clock. What comes is anybody's: nothing is asserted of it. Pure;
// threads: owned by one.
class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  // The connection stands; with TLS from its first byte, TLS as well.
  [[nodiscard]] virtual Move connected() = 0;
  // TLS stands that kStartTls asked for.
  [[nodiscard]] virtual Move secured() { return failed("TLS where none was asked for"); }
  // `unread` is all that has come and was not taken off before; what is used is taken off. Of
  // datagrams: the next one, whole.
  [[nodiscard]] virtual Move received(std::string& unread) = 0;
  // The server has closed the connection. Nothing: at a moment at which it should not have.
  [[nodiscard]] virtual std::optional<Move> closed(std::string_view /*unread*/) {
    return std::nullopt;
  }
};

}  // namespace yoke::health
