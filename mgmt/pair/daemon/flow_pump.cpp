// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/flow_pump.h"

#include <algorithm>

#include "mgmt/pair/messages.h"
#include "mgmt/pair/state.h"
#include "mgmt/pair/wire/ethernet.h"

namespace yoke::pair {
namespace {

constexpr auto kWay = static_cast<std::uint8_t>(Channel::kDedicated);
constexpr std::size_t kWireFrameMost = 18 + kFrameOverhead + FlowPump::kFlowFrameMost;

}  // namespace

FlowPump::FlowPump(const Session::Start& start)
    : session_(start),
      heard_at_(kLongAgo),
      from_plane_(kFlowFrameMost),
      to_plane_(kFlowFrameMost),
      from_wire_(kWireFrameMost),
      to_wire_(kWireFrameMost) {}

net::MacAddress FlowPump::destination(MonoTime now) const noexcept {
  return peer_mac_ && now - heard_at_ <= kSilence ? *peer_mac_ : kBroadcast;
}

void FlowPump::seal(Bytes body, MonoTime now) noexcept {
  const Link link{source_, 0};
  const std::size_t at = header_size(link);
  const auto room = to_wire_.room();
  put_header(room.data(), link, destination(now), kEtherType);
  const std::size_t sealed = session_.seal(kWay, body, room.subspan(at));
  if (sealed == 0) return;
  to_wire_.put(padded(room.data(), at + sealed));
}

void FlowPump::flush(int wire, MonoTime now) noexcept {
  if (wire < 0) {
    counts_.shed += to_wire_.drop();
  } else {
    const FrameBatch::Left left = to_wire_.send(wire);
    counts_.sent += left.sent;
    counts_.shed += left.lost;
  }
  if (to_wire_.waiting() == 0) {
    blocked_at_.reset();
  } else if (!blocked_at_) {
    blocked_at_ = now;
  } else if (now - *blocked_at_ >= kPatience) {
    counts_.shed += to_wire_.drop();
    blocked_at_.reset();
  }
}

FlowPump::Moved FlowPump::carry_out(int data_plane, int wire, MonoTime now) noexcept {
  if (is_blocked()) flush(wire, now);
  if (is_blocked() || data_plane < 0) return {};
  const FrameBatch::Came came = from_plane_.receive(data_plane);
  for (const Bytes frame : came.frames) {
    if (wire >= 0 && has_peer()) {
      seal(frame, now);
    } else {
      ++counts_.shed;
    }
  }
  flush(wire, now);
  return {!came.frames.empty(), came.has_ended || came.has_failed};
}

FlowPump::Moved FlowPump::carry_in(int wire, int data_plane, MonoTime now) noexcept {
  if (wire < 0) return {};
  const FrameBatch::Came came = from_wire_.receive(wire);
  counts_.received += came.frames.size();
  for (const Bytes frame : came.frames) {
    const auto ethernet = read_ethernet(frame);
    if (!ethernet || ethernet->type != kEtherType) continue;
    const auto opened = session_.open(kWay, ethernet->payload, now);
    if (!opened) continue;
    peer_mac_ = ethernet->source;
    heard_at_ = now;
    const Bytes body = opened->body;
    if (opened->kind != FrameKind::kMessage || body.empty()) continue;
    if (data_plane < 0 || body.size() > kFlowFrameMost) {
      ++counts_.undelivered;
      continue;
    }
    std::copy(body.begin(), body.end(), to_plane_.room().begin());
    to_plane_.put(body.size());
  }
  if (data_plane < 0) return {!came.frames.empty(), false};
  const FrameBatch::Left left = to_plane_.send(data_plane);
  counts_.undelivered += left.lost + to_plane_.drop();
  return {!came.frames.empty(), left.has_failed};
}

void FlowPump::greet(int wire, MonoTime now) noexcept {
  if (wire < 0 || is_blocked() || !session_.wants_hello()) return;
  session_.compose_hello(now);
  const Link link{source_, 0};
  const std::size_t at = header_size(link);
  const auto room = to_wire_.room();
  // To everybody: it may be another process of the peer that asks, behind another port.
  put_header(room.data(), link, kBroadcast, kEtherType);
  const std::size_t sealed = session_.seal_hello(kWay, room.subspan(at));
  if (sealed != 0) to_wire_.put(padded(room.data(), at + sealed));
  flush(wire, now);
}

}  // namespace yoke::pair
