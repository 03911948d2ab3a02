// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/session.h"

#include <algorithm>

namespace yoke::pair {

Session::Session(const Start& start)
    : stream_(start.stream),
      unit_(start.unit),
      boot_(start.boot),
      keys_(start.boot, start.key),
      freshness_(start.seed) {
  if (!start.newer || !keys_.add(*start.newer)) return;
  if (start.has_peer_newer) keys_.learn_shown(start.newer->id);
}

std::size_t Session::seal(std::uint8_t channel, Bytes body,
                          std::span<std::uint8_t> frame) noexcept {
  return seal_as(FrameKind::kMessage, channel, body, frame);
}

std::size_t Session::seal_rotation(std::uint8_t channel, Bytes body,
                                   std::span<std::uint8_t> frame) noexcept {
  return seal_as(FrameKind::kRotation, channel, body, frame);
}

std::size_t Session::seal_as(FrameKind kind, std::uint8_t channel, Bytes body,
                             std::span<std::uint8_t> frame) noexcept {
  const std::size_t size = kFrameOverhead + body.size();
  if (channel >= kFrameChannels || body.size() > kBodyMost || frame.size() < size) return 0;
  FrameHeader header{};
  header.magic = net::Be32::from_host(kFrameMagic);
  header.version = kFrameVersion;
  header.kind = static_cast<std::uint8_t>(kind);
  header.stream = static_cast<std::uint8_t>(stream_);
  header.channel = channel;
  header.sender = static_cast<std::uint8_t>(unit_);
  header.key = keys_.sealing();
  header.length = net::Be16::from_host(static_cast<std::uint16_t>(body.size()));
  header.boot = boot_;
  header.counter = net::Be64::from_host(++sent_[channel]);
  if (!keys_.seal(header, body, frame.data() + sizeof header)) return 0;
  net::store(frame.data(), header);
  return size;
}

void Session::compose_hello(MonoTime now) noexcept {
  hello_ = {};
  // Only where there is something to prove: else two would ask each other for ever.
  if (!peer_ || stranger_) hello_.challenge = freshness_.challenge(now);
  freshness_.answer(hello_);
  hello_.newest_key = keys_.proof();
  stranger_ = false;
}

std::size_t Session::seal_hello(std::uint8_t channel, std::span<std::uint8_t> frame) noexcept {
  hello_.sent = sent_;
  std::array<std::uint8_t, 512> body{};
  const std::size_t size = encode(hello_, body);
  return size == 0 ? 0 : seal_as(FrameKind::kHello, channel, {body.data(), size}, frame);
}

tl::expected<Session::Opened, Refusal> Session::open(std::uint8_t channel, Bytes frame,
                                                     MonoTime now) noexcept {
  auto opened = examine(channel, frame, now);
  if (opened) {
    ++taken_;
  } else {
    refusals_.count(opened.error());
  }
  return opened;
}

bool Session::is_retired(const Boot& boot) const noexcept {
  return std::find(retired_.begin(), retired_.end(), boot) != retired_.end();
}

// Up to the tag, the cheapest question first. The body is in body_ then.
std::optional<Refusal> Session::unseal(std::uint8_t channel, Bytes frame,
                                       FrameHeader& header) noexcept {
  if (frame.size() < kFrameOverhead) return Refusal::kTruncated;
  header = net::load<FrameHeader>(frame.data());
  if (header.magic.host() != kFrameMagic || header.version == 0) return Refusal::kBadMagic;
  if (header.version > kFrameVersion) return Refusal::kNewerVersion;
  if (header.stream != static_cast<std::uint8_t>(stream_)) return Refusal::kOtherStream;
  if (channel >= kFrameChannels || header.channel != channel) return Refusal::kOtherChannel;
  if (header.boot == boot_) return Refusal::kOwn;
  const std::size_t length = header.length.host();
  if (length > kBodyMost) return Refusal::kTooLong;
  if (frame.size() - kFrameOverhead < length) return Refusal::kTruncated;
  if (!keys_.has(header.key)) return Refusal::kUnknownKey;
  if (is_peer(header)) {
    if (!windows_[channel].is_fresh(header.counter.host())) return Refusal::kReplayed;
  } else if (is_retired(header.boot)) {
    return Refusal::kStaleBoot;
  }
  const Bytes sealed = frame.subspan(sizeof header, length + kTagSize);
  if (!keys_.open(header, sealed, is_peer(header), body_.data())) return Refusal::kBadTag;
  return std::nullopt;
}

tl::expected<Session::Opened, Refusal> Session::examine(std::uint8_t channel, Bytes frame,
                                                        MonoTime now) noexcept {
  FrameHeader header{};
  if (const auto refusal = unseal(channel, frame, header)) return tl::unexpected(*refusal);
  if (!is_peer(header)) return meet(header, now);
  windows_[channel].mark(header.counter.host());
  keys_.learn_used(header.key);
  const Bytes body(body_.data(), header.length.host());
  const auto kind = static_cast<FrameKind>(header.kind);
  if (kind == FrameKind::kMessage || kind == FrameKind::kRotation) return Opened{kind, body, false};
  if (header.kind != static_cast<std::uint8_t>(FrameKind::kHello)) {
    return tl::unexpected(Refusal::kUnknownKind);
  }
  const auto hello = decode_hello(body);
  if (!hello) return tl::unexpected(Refusal::kMalformed);
  if (hello->challenge) freshness_.asked(*hello->challenge);
  if (hello->newest_key) keys_.learn(*hello->newest_key);
  return Opened{FrameKind::kHello, {}, false};
}

// An authentic frame of a boot that is not the peer's: perhaps its next, perhaps a recording.
tl::expected<Session::Opened, Refusal> Session::meet(const FrameHeader& header,
                                                     MonoTime now) noexcept {
  stranger_ = true;
  // Else a unit that starts with both keys would never get through to one that has the newer alone.
  const bool is_own = header.sender == static_cast<std::uint8_t>(unit_);
  if (!is_own) keys_.learn_shown(header.key);
  if (header.kind != static_cast<std::uint8_t>(FrameKind::kHello)) {
    return tl::unexpected(Refusal::kUnprovenBoot);
  }
  const auto hello = decode_hello({body_.data(), header.length.host()});
  if (!hello) return tl::unexpected(Refusal::kMalformed);
  if (hello->challenge) freshness_.asked(*hello->challenge);
  if (!freshness_.proves(*hello, now)) return tl::unexpected(Refusal::kUnprovenBoot);
  if (is_own) return tl::unexpected(Refusal::kDuplicateUnit);
  adopt(header, *hello);
  return Opened{FrameKind::kHello, {}, true};
}

void Session::adopt(const FrameHeader& header, const Hello& hello) noexcept {
  if (peer_) retired_[retirements_++ % kRetired] = *peer_;
  peer_ = header.boot;
  // Of 96 random bits 64 are as good a name.
  sender_ =
      Sender{static_cast<Unit>(header.sender), net::load<net::Be64>(header.boot.data()).host()};
  stranger_ = false;
  keys_.set_peer(header.boot);
  // What was sent before this hello may have been seen by this unit's process before this one.
  for (std::size_t i = 0; i < kFrameChannels; ++i) windows_[i] = ReplayWindow(hello.sent[i]);
  windows_[header.channel].raise(header.counter.host());
  keys_.learn_used(header.key);
  if (hello.newest_key) keys_.learn(*hello.newest_key);
}

}  // namespace yoke::pair
