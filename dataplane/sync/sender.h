// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/sync/frame.h"
#include "dataplane/sync/lane.h"
#include "hal/base/clock.h"

// Brings the records of all workers to the peer: each worker's are a stream of numbered frames, of
// which a bounded number is under way, each sent again until the peer has it.
//
// It orders walks where the peer may have something else than we (at the start of a session, after
// a gap, where digests differ), and knows when the peer has all. Pure: it has no clock and no
// socket; what next() gives is sealed and sent by others. Threads: owned by one.
namespace yoke::sync {

struct SenderConfig {
  using milliseconds = std::chrono::milliseconds;
  std::uint64_t generation = 1;     // by chance: no other start of this unit has the same
  std::size_t window = kWindowMax;  // frames of a stream under way, up to kWindowMax
  milliseconds resend_after{5};     // doubles up to 32 times that for a peer that says nothing
  milliseconds repair_after{1};     // for a frame that later ones have overtaken
  milliseconds knock_every{20};
  milliseconds stall{5000};  // a walk that has got no further begins anew
  milliseconds digest_every{10'000};
  milliseconds lag_max{2};  // more than this, and the peer is not in sync
};

struct SenderCounters {
  std::uint64_t frames = 0, records = 0, resent = 0;
  std::uint64_t sessions = 0, walks = 0, restarts = 0, gaps = 0, rounds = 0;
  std::uint64_t strange = 0;  // frames that were no answer to ours
};

class Sender {
 public:
  // `lanes` outlive it; one a stream.
  Sender(const SenderConfig& config, std::span<OutLane* const> lanes);

  // A server's state, in order with the first stream; false if too many wait. Of what was told
  // before a session began, the caller tells the peer again when sessions() has changed.
  [[nodiscard]] bool tell(const ServerRecord& record) noexcept;

  // Looks after gaps, walks and digests; before a round of next().
  void step(MonoTime now) noexcept;
  // The next frame to send, valid until the next call; empty: nothing for now.
  [[nodiscard]] std::span<const std::uint8_t> next(MonoTime now) noexcept;
  // An ack or a request from the peer; anything else is counted.
  void take(std::span<const std::uint8_t> frame, MonoTime now) noexcept;

  // The peer has all that there was until lag_max ago.
  [[nodiscard]] bool is_synced(MonoTime now) const noexcept;
  // Age of the oldest frame that the peer may not have.
  [[nodiscard]] MonoTime::duration lag(MonoTime now) const noexcept;
  [[nodiscard]] const SenderCounters& counters() const noexcept { return counters_; }

 private:
  struct Sent {
    std::uint16_t octets = 0;
    std::uint8_t tries = 0;
    bool is_acked = false;
    std::uint64_t given_until = 0;  // OutLane::given that is confirmed with it
    MonoTime first, due;
  };
  using Room = std::array<std::uint8_t, kFrameBytesMax>;
  struct Stream {
    OutLane* lane = nullptr;
    std::uint64_t base = 0, next = 0, limit = 0;  // frames: confirmed, sent, that there is room for
    std::uint64_t taken = 0;                      // records from the lane
    std::uint64_t walk_end = 0;                   // frame with the walk's end, counted from 1
    MonoTime check_at;                            // nothing is due before
    lb::BucketSet gap;                            // to be told
    std::uint32_t gap_walk = 0;                   // walks after this one mend it
    std::vector<Sent> sent;                       // by frame modulo window
    std::vector<Room> frames;
  };

  void open_session(const AckFrame& ack) noexcept;
  void take_ack(const AckFrame& ack, MonoTime now) noexcept;
  void take_request(const RequestFrame& request) noexcept;
  void confirm(Stream& stream, std::uint64_t until) noexcept;
  void gather_gaps() noexcept;
  void look_after_walk(MonoTime now) noexcept;
  void begin_walk(MonoTime now) noexcept;
  void order_digests(MonoTime now) noexcept;
  [[nodiscard]] bool is_walk_done() const noexcept;
  void note_progress(MonoTime now) noexcept;
  [[nodiscard]] std::span<const std::uint8_t> knock() noexcept;
  [[nodiscard]] std::span<const std::uint8_t> again(Stream& stream, MonoTime now) noexcept;
  [[nodiscard]] std::span<const std::uint8_t> fresh(Stream& stream, MonoTime now) noexcept;
  void fill(Stream& stream, FrameWriter& writer) noexcept;
  [[nodiscard]] DataHeader header(const Stream& stream, std::uint64_t sequence) const noexcept;

  SpscRing<Record> servers_;
  SenderConfig config_;
  std::vector<Stream> streams_;
  SenderCounters counters_;
  std::uint64_t generation_;
  std::uint64_t instance_ = 0;  // of the receiver; 0: not known
  std::uint32_t challenge_ = 0;
  bool is_open_ = false;  // the receiver has answered in this session
  std::size_t turn_ = 0;
  lb::BucketSet owed_, walking_;
  std::uint32_t walk_ = 0, round_ = 0, request_ = 0;
  std::uint32_t walk_steps_ = 0;  // of all workers, when it last got further
  MonoTime progress_, digested_, knocked_;
  Room knock_{};
};

}  // namespace yoke::sync
