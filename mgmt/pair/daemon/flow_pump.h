// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/net/address.h"
#include "hal/base/clock.h"
#include "mgmt/pair/daemon/frame_batch.h"
#include "mgmt/pair/wire/session.h"

namespace yoke::pair {

// Frames of flow sync between this unit's data plane and the peer's relay, sealed on the wire: a
// session of its own (Stream::kFlows), with a boot of its own, so that no counter, window or key of
// it is shared with the heartbeats'. What a frame holds is the data plane's alone; it is never
// looked into, and reaches the peer's data plane as it is or not at all.
//
// On the wire a frame is in an Ethernet frame of EtherType 0x88b6 (IEEE's second for local
// experiments): another than the heartbeats', so that the kernel keeps the two apart and a flood of
// these never stands in the heartbeats' queue. To everybody until the peer has proven itself, then
// to the MAC that it came from.
//
// Nothing waits. What the link does not take for kPatience is dropped, as is what nobody is there
// for: the data plane sends it again. Sockets are the caller's; -1 is one that is not there.
// Threads: owned by one.
class FlowPump {
 public:
  static constexpr std::uint16_t kEtherType = 0x88b6;
  static constexpr std::size_t kFlowFrameMost = 1408;        // dataplane/sync: kFrameBytesMax
  static constexpr std::chrono::milliseconds kPatience{10};  // with a link that takes no more
  static constexpr std::chrono::seconds kSilence{1};         // and the peer's MAC is forgotten

  struct Counts {
    std::uint64_t sent = 0;         // to the peer
    std::uint64_t shed = 0;         // not: no peer, no link, or one that is slower
    std::uint64_t received = 0;     // Ethernet frames, whatever they are
    std::uint64_t undelivered = 0;  // of the peer, for which the data plane has no room or is away
  };
  struct Moved {
    bool anything = false;
    bool lost_data_plane = false;  // its socket is of no more use
  };

  explicit FlowPump(const Session::Start& start);

  // What waits at the data plane, to the peer.
  [[nodiscard]] Moved carry_out(int data_plane, int wire, MonoTime now) noexcept;
  // And back.
  [[nodiscard]] Moved carry_in(int wire, int data_plane, MonoTime now) noexcept;
  // Says hello where that is wanted; at the pace of the caller.
  void greet(int wire, MonoTime now) noexcept;
  // Other keys, as the session's ring can follow them.
  [[nodiscard]] bool use_keys(const Key& current, const std::optional<Key>& newer) {
    return session_.keys().follow(current, newer);
  }
  // The interface's own.
  void set_source(const net::MacAddress& source) noexcept { source_ = source; }

  // The link must take what waits before more is read.
  [[nodiscard]] bool is_blocked() const noexcept { return to_wire_.waiting() > 0; }
  [[nodiscard]] bool has_peer() const noexcept { return session_.peer().has_value(); }
  [[nodiscard]] MonoTime heard_at() const noexcept { return heard_at_; }  // the peer; kLongAgo
  [[nodiscard]] std::uint64_t taken() const noexcept { return session_.taken(); }
  [[nodiscard]] const Refusals& refusals() const noexcept { return session_.refusals(); }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  void flush(int wire, MonoTime now) noexcept;
  void seal(Bytes body, MonoTime now) noexcept;
  [[nodiscard]] net::MacAddress destination(MonoTime now) const noexcept;

  Session session_;
  net::MacAddress source_;
  std::optional<net::MacAddress> peer_mac_;
  MonoTime heard_at_;
  std::optional<MonoTime> blocked_at_;
  FrameBatch from_plane_, to_plane_, from_wire_, to_wire_;
  Counts counts_;
};

}  // namespace yoke::pair
