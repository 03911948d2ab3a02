// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/packet_socket.h"
#include "mgmt/pair/wire/frame.h"

namespace yoke::pair {

// A channel to the peer: sealed frames in Ethernet frames of our own EtherType (0x88b5, IEEE's
// first for local experiments: nothing routes or bridges it away, and no address or kernel setting
// is needed). To everybody until the peer has proven itself by a frame, then to the MAC that it
// came from; to everybody again once it has been silent, as its port may have been exchanged.
// Threads: owned by one.
class EthernetLink {
 public:
  explicit EthernetLink(std::string interface)
      : socket_(std::move(interface), PacketSocket::Takes::kPairFrames) {}

  // To be called at every heartbeat. `patience`: so long silent, and the peer's MAC is forgotten.
  void keep(MonoTime now, std::chrono::nanoseconds patience) noexcept;

  struct Received {
    Bytes payload;  // there until the next receive()
    net::MacAddress source;
    bool is_on_vips = false;  // was sent to all on the VIPs' own VLANs
  };
  // Something came, or nothing more for now. What came may be no frame of ours: an empty payload.
  [[nodiscard]] std::optional<Received> receive() noexcept;
  // The peer was there, at this address.
  void proved(const net::MacAddress& peer, MonoTime now) noexcept;

  bool send(Bytes sealed) noexcept;
  // On the VIPs' VLANs, to everybody.
  bool send_to_all(Bytes sealed) noexcept;

  [[nodiscard]] const PacketSocket& socket() const noexcept { return socket_; }
  [[nodiscard]] bool knows_peer() const noexcept { return peer_.has_value(); }
  // Where the peer was last, silent since or not.
  [[nodiscard]] const net::MacAddress& last_peer() const noexcept { return last_peer_; }

 private:
  PacketSocket socket_;
  std::optional<net::MacAddress> peer_;
  net::MacAddress last_peer_;
  MonoTime proved_at_{};
  std::array<std::uint8_t, 18 + kFrameOverhead + kBodyMost> in_{}, out_{};
};

}  // namespace yoke::pair
