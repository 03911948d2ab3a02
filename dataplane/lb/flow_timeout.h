// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "dataplane/limits.h"
#include "dataplane/net/address.h"

// How far a connection has come, and how long it may rest there before its flow ends.
namespace yoke::lb {

using std::chrono::milliseconds;

enum class FlowState : std::uint8_t {
  kUdpOne,       // UDP, seen from the client only
  kUdp,          // UDP, answered
  kSynSent,      // TCP, client's SYN seen
  kSynAnswered,  // TCP, server's SYN,ACK seen
  kEstablished,  // TCP, data may flow
  kClosing,      // TCP, one side has sent FIN, or only one side can be seen
  kClosed,       // TCP, both have sent FIN
  kReset,        // TCP, a RST was seen; data after it brings the flow back (RFC 7857 section 2)
};

// RFC 5382 REQ-5: at least 4 min for a connection opening or closing.
inline constexpr milliseconds kTcpTransitoryTimeout = std::chrono::minutes(4);
// Both ends have closed: what is left is TIME-WAIT, twice the MSL of two minutes (RFC 9293
// section 3.4.2) cut to what Linux and the BSDs keep, so that ports come back.
inline constexpr milliseconds kTcpClosedTimeout = std::chrono::minutes(2);
// RFC 4787 REQ-5: two minutes at least; a question that was never answered has no mapping to keep.
inline constexpr milliseconds kUdpOneWayTimeout = std::chrono::minutes(2);

// How soon a server answers a SYN, if it does: half of what a client waits before it sends the SYN
// again (RFC 6298 section 2.1), so that one sent twice at once speaks against no server.
inline constexpr milliseconds kSynPatience{500};

// `idle`: what the service asks for in place of the default while data flows; zero: the default.
[[nodiscard]] constexpr milliseconds flow_timeout(FlowState state, milliseconds idle) noexcept {
  switch (state) {
    case FlowState::kUdpOne:
      return idle.count() != 0 ? idle : kUdpOneWayTimeout;
    case FlowState::kUdp:
      return idle.count() != 0 ? idle : limits::kUdpIdle;
    case FlowState::kEstablished:
      return idle.count() != 0 ? idle : limits::kTcpIdle;
    case FlowState::kSynSent:
    case FlowState::kSynAnswered:
    case FlowState::kClosing:
    case FlowState::kReset:
      return kTcpTransitoryTimeout;
    case FlowState::kClosed:
      return kTcpClosedTimeout;
  }
  return kTcpTransitoryTimeout;
}

// Whether data may still come: what is closed rests in the table for a while, but is no load.
[[nodiscard]] constexpr bool is_open(FlowState state) noexcept {
  return state <= FlowState::kEstablished;
}

// Whether nothing would be cut with it: both ends have closed it, or one has reset it. Where one
// direction alone is seen, as in dsr, the client's end stands for both.
[[nodiscard]] constexpr bool is_over(FlowState state, bool sees_both) noexcept {
  return state == FlowState::kClosed || state == FlowState::kReset ||
         (state == FlowState::kClosing && !sees_both);
}

// Whether a new SYN with the same ports opens a new connection here, as RFC 9293 section 3.10.7.4
// allows in TIME-WAIT, and as a client does that has forgotten the old one.
[[nodiscard]] constexpr bool may_reopen(FlowState state) noexcept {
  return state == FlowState::kClosed || state == FlowState::kReset || state == FlowState::kClosing;
}

// TCP flags as they stand in the header's 14th octet.
inline constexpr std::uint8_t kTcpFin = 0x01, kTcpSyn = 0x02, kTcpRst = 0x04, kTcpAck = 0x10;

// The state after a segment. `from_client` tells its direction, `both_seen` whether this unit sees
// both (nat) or the client's only (dsr), `fins` holds which sides have sent FIN and is updated.
struct TcpProgress {
  FlowState state = FlowState::kSynSent;
  bool client_fin = false;
  bool server_fin = false;
  friend bool operator==(const TcpProgress&, const TcpProgress&) = default;
};
[[nodiscard]] constexpr TcpProgress tcp_step(TcpProgress now, std::uint8_t flags, bool from_client,
                                             bool both_seen) noexcept {
  if ((flags & kTcpRst) != 0) return {FlowState::kReset, now.client_fin, now.server_fin};
  if ((flags & kTcpFin) != 0) {
    (from_client ? now.client_fin : now.server_fin) = true;
    now.state = now.client_fin && now.server_fin ? FlowState::kClosed : FlowState::kClosing;
    return now;
  }
  if ((flags & kTcpSyn) != 0) {
    if (!from_client && now.state == FlowState::kSynSent) now.state = FlowState::kSynAnswered;
    return now;
  }
  switch (now.state) {
    case FlowState::kSynSent:
      // In nat a bare ACK cannot come before the server's answer; in dsr it is the first proof.
      if (from_client && !both_seen) now.state = FlowState::kEstablished;
      break;
    case FlowState::kSynAnswered:
      if (from_client) now.state = FlowState::kEstablished;
      break;
    case FlowState::kReset:
      now.state = FlowState::kEstablished;
      break;
    case FlowState::kUdpOne:
    case FlowState::kUdp:
    case FlowState::kEstablished:
    case FlowState::kClosing:
    case FlowState::kClosed:
      break;
  }
  return now;
}

}  // namespace yoke::lb
