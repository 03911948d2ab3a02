// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/stray.h"

#include <algorithm>
#include <cstring>

namespace yoke::sync {
namespace {

constexpr std::size_t kShortest = 14;  // an Ethernet header

// What a piece says of itself, where that can be.
struct Piece {
  StrayHeader header;
  std::optional<FlowRecord> flow;
  std::span<const std::uint8_t> octets;
};

std::optional<Piece> parse(std::span<const std::uint8_t> frame) noexcept {
  if (frame_type(frame) != FrameType::kStray || frame.size() < sizeof(StrayHeader)) {
    return std::nullopt;
  }
  Piece piece;
  std::memcpy(&piece.header, frame.data(), sizeof piece.header);
  const std::size_t record = piece.header.record_bytes.host();
  const std::size_t begin = piece.header.header_bytes + record;
  if (piece.header.header_bytes < sizeof(StrayHeader) || begin >= frame.size()) return std::nullopt;
  if (record >= kRecordBytes) {
    FlowRecord flow;
    std::memcpy(&flow, &frame[piece.header.header_bytes], sizeof flow);
    if (flow.kind == Kind::kUpdate && is_sound(flow)) piece.flow = flow;
  }
  piece.octets = frame.subspan(begin);
  const std::size_t whole = piece.header.octets.host(), from = piece.header.offset.host();
  const bool fits = whole >= kShortest && whole <= kStrayOctetsMost && from < whole &&
                    piece.octets.size() <= whole - from;
  return fits ? std::optional(piece) : std::nullopt;
}

}  // namespace

bool StrayCutter::begin(std::uint8_t port, std::span<const std::uint8_t> packet,
                        const std::optional<Record>& flow) noexcept {
  packet_ = {};
  offset_ = 0;
  if (packet.size() > kStrayOctetsMost || packet.size() < kShortest) return false;
  packet_ = packet;
  flow_ = flow;
  port_ = port;
  ++number_;
  return true;
}

std::size_t StrayCutter::cut(std::span<std::uint8_t> room) noexcept {
  StrayHeader header;
  header.header_bytes = sizeof header;
  header.port = port_;
  header.number = net::Be32::from_host(number_);
  header.octets = net::Be16::from_host(static_cast<std::uint16_t>(packet_.size()));
  header.offset = net::Be16::from_host(static_cast<std::uint16_t>(offset_));
  std::size_t at = sizeof header;
  const bool has_record = offset_ == 0 && flow_.has_value();
  if (has_record) {
    header.record_bytes = net::Be16::from_host(kRecordBytes);
    std::memcpy(&room[at], flow_->octets.data(), kRecordBytes);
    at += kRecordBytes;
  }
  std::memcpy(room.data(), &header, sizeof header);
  const std::size_t octets = std::min(kFrameBytesMax - at, packet_.size() - offset_);
  std::memcpy(&room[at], &packet_[offset_], octets);
  offset_ += octets;
  return at + octets;
}

StrayJoiner::StrayJoiner() {
  for (Part& part : parts_) part.room.resize(kStrayOctetsMost);
}

StrayJoiner::Part& StrayJoiner::part_of(const StrayHeader& header) noexcept {
  const std::uint32_t number = header.number.host();
  for (Part& part : parts_) {
    if (part.is_used && part.number == number && part.octets == header.octets.host()) return part;
  }
  Part& part = parts_[next_];
  next_ = (next_ + 1) % parts_.size();
  part.is_used = true;
  part.number = number;
  part.octets = header.octets.host();
  part.come = 0;
  part.flow.reset();
  return part;
}

// Pieces come in order, or the packet is lost: they have one way.
std::optional<StrayJoiner::Whole> StrayJoiner::take(std::span<const std::uint8_t> piece) noexcept {
  const auto found = parse(piece);
  if (!found) return std::nullopt;
  Part& part = part_of(found->header);
  if (found->header.offset.host() != part.come) return std::nullopt;
  if (part.come == 0) part.flow = found->flow;
  std::memcpy(&part.room[part.come], found->octets.data(), found->octets.size());
  part.come += found->octets.size();
  if (part.come < part.octets) return std::nullopt;
  part.is_used = false;
  return Whole{found->header.port, part.flow, {part.room.data(), part.octets}};
}

}  // namespace yoke::sync
