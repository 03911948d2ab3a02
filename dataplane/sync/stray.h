// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/sync/frame.h"
#include "dataplane/sync/record.h"

// A stray: a packet that came to the unit which has just handed its group over, and is sent on to
// the one that has it now, over the pair's own link, in one piece or a few. Each piece may be lost,
// doubled or late; what is not whole soon never is. With a packet of a flow that the sender knows
// goes the flow's record, so that the other can send it on though it was not told yet.
//
// Nobody sends a stray on again: who has got it keeps it for itself. Threads: owned by one.
namespace yoke::sync {

struct StrayHeader {
  std::uint8_t version = kWireVersion;
  FrameType type = FrameType::kStray;
  std::uint8_t header_bytes = 0;  // where the record begins, if there is one, or else the piece
  std::uint8_t port = 0;          // that the packet came in by, as both units number them
  net::Be32 number;               // of the packet, counted by its sender
  net::Be16 octets;               // of the whole packet
  net::Be16 offset;               // of this piece in it
  net::Be16 record_bytes;         // a FlowRecord goes before the piece; 0: none
  net::Be16 reserved;
};
static_assert(sizeof(StrayHeader) == 16 && alignof(StrayHeader) == 1);

inline constexpr std::size_t kStrayOctetsMost = 9344;  // the longest frame of any port

// One packet on its way out, piece by piece.
class StrayCutter {
 public:
  // The packet's octets stay where they are until its last piece is cut. None longer than the most
  // is taken: false.
  [[nodiscard]] bool begin(std::uint8_t port, std::span<const std::uint8_t> packet,
                           const std::optional<Record>& flow) noexcept;
  [[nodiscard]] bool is_done() const noexcept { return offset_ >= packet_.size(); }
  // The next piece, in `room` of kFrameBytesMax octets; how many it takes. Not where it is done.
  [[nodiscard]] std::size_t cut(std::span<std::uint8_t> room) noexcept;

 private:
  std::span<const std::uint8_t> packet_;
  std::optional<Record> flow_;
  std::size_t offset_ = 0;
  std::uint32_t number_ = 0;
  std::uint8_t port_ = 0;
};

// Makes packets of pieces again: of a few at a time, the oldest of which gives way.
class StrayJoiner {
 public:
  static constexpr std::size_t kAtOnce = 8;

  struct Whole {
    std::uint8_t port = 0;
    std::optional<FlowRecord> flow;  // sound
    std::span<const std::uint8_t> packet;
  };
  StrayJoiner();
  // The packet that is whole by this piece, valid until the next call.
  [[nodiscard]] std::optional<Whole> take(std::span<const std::uint8_t> piece) noexcept;

 private:
  struct Part {
    bool is_used = false;
    std::uint32_t number = 0;
    std::uint16_t octets = 0;
    std::size_t come = 0;  // octets from the front that are here
    std::optional<FlowRecord> flow;
    std::vector<std::uint8_t> room;
  };
  [[nodiscard]] Part& part_of(const StrayHeader& header) noexcept;

  std::array<Part, kAtOnce> parts_;
  std::size_t next_ = 0;
};

}  // namespace yoke::sync
