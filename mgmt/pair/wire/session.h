// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "hal/base/clock.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/frame.h"
#include "mgmt/pair/wire/freshness.h"
#include "mgmt/pair/wire/key_ring.h"
#include "mgmt/pair/wire/refusal.h"
#include "mgmt/pair/wire/replay_window.h"
#include "mgmt/pair/wire/tlv.h"

// One end of a conversation in sealed frames, over any number of channels.
//
// A frame is taken once, and only from the process of the peer that has shown to be alive: a boot
// that was never seen is asked (a challenge in a hello) and taken when it answers; the one before
// it is never taken again, nor anything that this end could have seen before it proved the peer. A
// boot that is asked changes nothing until it answers, so recordings are of no use. No wall clock.
//
// Nothing here allocates after construction, nor sends: the caller sends a hello whenever wanted,
// at the pace of its heartbeats, on each channel. Threads: owned by one.
namespace yoke::pair {

class Session {
 public:
  struct Start {
    Stream stream = Stream::kControl;
    Unit unit = Unit::kA;
    Boot boot{};      // random
    KeyBytes seed{};  // random; for challenges
    Key key;
    std::optional<Key> newer = std::nullopt;  // that is to take its place
    bool has_peer_newer = false;              // the peer is known to have it
  };
  struct Opened {
    FrameKind kind = FrameKind::kMessage;
    Bytes body;           // but of a hello; there until the next open()
    bool is_new = false;  // the first of a boot of the peer: what it said before is void
  };

  explicit Session(const Start& start);

  // A message for the peer; octets of `frame` that hold it, or 0 where they are too few.
  [[nodiscard]] std::size_t seal(std::uint8_t channel, Bytes body,
                                 std::span<std::uint8_t> frame) noexcept;
  // Likewise, about another key (rotation_message.h).
  [[nodiscard]] std::size_t seal_rotation(std::uint8_t channel, Bytes body,
                                          std::span<std::uint8_t> frame) noexcept;
  // What came by `channel`. Each refusal is counted.
  [[nodiscard]] tl::expected<Opened, Refusal> open(std::uint8_t channel, Bytes frame,
                                                   MonoTime now) noexcept;

  [[nodiscard]] bool wants_hello() const noexcept {
    return !peer_ || stranger_ || freshness_.owes_answer() || keys_.awaits_peer();
  }
  // What is to be said at `now`; then as seal(), for each channel.
  void compose_hello(MonoTime now) noexcept;
  [[nodiscard]] std::size_t seal_hello(std::uint8_t channel,
                                       std::span<std::uint8_t> frame) noexcept;

  [[nodiscard]] KeyRing& keys() noexcept { return keys_; }
  [[nodiscard]] const KeyRing& keys() const noexcept { return keys_; }
  // The peer's process, once it has shown that it lives: whom bodies are from.
  [[nodiscard]] const std::optional<Sender>& peer() const noexcept { return sender_; }
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] const Refusals& refusals() const noexcept { return refusals_; }

 private:
  static constexpr std::size_t kRetired = 16;

  [[nodiscard]] std::size_t seal_as(FrameKind kind, std::uint8_t channel, Bytes body,
                                    std::span<std::uint8_t> frame) noexcept;
  [[nodiscard]] tl::expected<Opened, Refusal> examine(std::uint8_t channel, Bytes frame,
                                                      MonoTime now) noexcept;
  [[nodiscard]] std::optional<Refusal> unseal(std::uint8_t channel, Bytes frame,
                                              FrameHeader& header) noexcept;
  [[nodiscard]] tl::expected<Opened, Refusal> meet(const FrameHeader& header,
                                                   MonoTime now) noexcept;
  void adopt(const FrameHeader& header, const Hello& hello) noexcept;
  [[nodiscard]] bool is_retired(const Boot& boot) const noexcept;
  [[nodiscard]] bool is_peer(const FrameHeader& header) const noexcept {
    return peer_ && *peer_ == header.boot;
  }

  Stream stream_;
  Unit unit_;
  Boot boot_;
  KeyRing keys_;
  Freshness freshness_;
  Hello hello_;
  std::array<std::uint64_t, kFrameChannels> sent_{};
  std::optional<Boot> peer_;
  std::array<ReplayWindow, kFrameChannels> windows_;
  std::array<std::optional<Boot>, kRetired> retired_;
  std::size_t retirements_ = 0;
  std::optional<Sender> sender_;  // as `peer_`, in the election's words
  bool stranger_ = false;         // an authentic frame of another boot came since the last hello
  std::uint64_t taken_ = 0;
  Refusals refusals_;
  std::array<std::uint8_t, kBodyMost> body_{};
};

}  // namespace yoke::pair
