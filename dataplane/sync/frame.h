// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/net/order.h"
#include "dataplane/sync/record.h"

// The messages of flow sync, as the plain text that the pair's link seals and carries. Each
// may be lost, doubled, late or out of order.
//
// A *session* is a sender's generation together with what the receiver answered to it. The receiver
// tells who it is: `instance`, by chance at its start, and `challenge`, which counts the sessions
// it has taken up. A sender opens a session by a generation of its own and by repeating both; so no
// frame of an earlier session, however late, can open one, nor can one from before a restart.
// Threads: values, any.
namespace yoke::sync {

inline constexpr std::uint8_t kWireVersion = 1;
inline constexpr std::size_t kFrameBytesMax = 1408;  // with seal and headers, 1500 on the wire
inline constexpr std::size_t kStreamsMax = 64;       // limits::kWorkers
inline constexpr std::size_t kWindowMax = 256;       // frames of a stream under way

enum class FrameType : std::uint8_t {
  kData = 1,
  kAck = 2,
  kRequest = 3,
  kStray = 4,  // stray.h: of no session
};

struct DataHeader {
  std::uint8_t version = kWireVersion;
  FrameType type = FrameType::kData;
  std::uint8_t header_bytes = 0;  // where records begin
  std::uint8_t stream = 0;        // of the worker whose flows these are
  std::uint8_t streams = 0;       // that this sender has
  std::uint8_t reserved = 0;
  net::Be16 record_bytes;
  net::Be16 records;  // none: a knock, which asks for an answer
  net::Be16 reserved_too;
  net::Be32 challenge;
  net::Be64 generation;
  net::Be64 instance;
  net::Be64 sequence;  // of the frame in its stream, from 0
};
static_assert(sizeof(DataHeader) == 40 && alignof(DataHeader) == 1);
inline constexpr std::size_t kRecordsPerFrame =
    (kFrameBytesMax - sizeof(DataHeader)) / kRecordBytes;
static_assert(kRecordsPerFrame == 14);

struct AckFrame {
  std::uint8_t version = kWireVersion;
  FrameType type = FrameType::kAck;
  std::uint8_t stream = 0;
  std::uint8_t reserved = 0;
  net::Be32 challenge;
  net::Be64 generation;  // of the session; 0: none
  net::Be64 instance;
  net::Be64 next;    // all frames before it have come
  net::Be64 beyond;  // bit i: next + 1 + i has come too; a hole before one is asked for again
  net::Be64 limit;   // no room for this frame and later ones yet
};
static_assert(sizeof(AckFrame) == 48 && alignof(AckFrame) == 1);

// The receiver asks for a walk of buckets that differ.
struct RequestFrame {
  std::uint8_t version = kWireVersion;
  FrameType type = FrameType::kRequest;
  net::Be16 reserved;
  net::Be32 challenge;
  net::Be64 generation;
  net::Be64 instance;
  BucketRecord buckets;  // walk: the request's number, counting up
};
static_assert(sizeof(RequestFrame) == 24 + kRecordBytes && alignof(RequestFrame) == 1);

// A frame of records being written into `room` of kFrameBytesMax octets.
class FrameWriter {
 public:
  explicit FrameWriter(std::span<std::uint8_t> room) noexcept : room_(room) {}
  [[nodiscard]] bool has_room() const noexcept { return records_ < kRecordsPerFrame; }
  [[nodiscard]] bool is_empty() const noexcept { return records_ == 0; }
  void add(const Record& record) noexcept;
  // Writes the header; octets of the frame.
  [[nodiscard]] std::size_t finish(DataHeader header) noexcept;

 private:
  std::span<std::uint8_t> room_;
  std::size_t records_ = 0;
};

// A frame of records that has come. Keeps the view it was made of.
class DataFrame {
 public:
  // Nothing if it is no such frame, or its lengths do not hold.
  [[nodiscard]] static std::optional<DataFrame> parse(
      std::span<const std::uint8_t> octets) noexcept;
  [[nodiscard]] const DataHeader& header() const noexcept { return header_; }
  [[nodiscard]] std::size_t size() const noexcept { return header_.records.host(); }
  // What a shorter record of an earlier version does not say is zero.
  [[nodiscard]] Record record(std::size_t i) const noexcept;

 private:
  DataHeader header_;
  std::span<const std::uint8_t> records_;
};

// What kind of message this is; nothing if none of ours. Later versions keep the first two octets.
[[nodiscard]] std::optional<FrameType> frame_type(std::span<const std::uint8_t> octets) noexcept;
[[nodiscard]] std::optional<AckFrame> parse_ack(std::span<const std::uint8_t> octets) noexcept;
[[nodiscard]] std::optional<RequestFrame> parse_request(
    std::span<const std::uint8_t> octets) noexcept;

}  // namespace yoke::sync
