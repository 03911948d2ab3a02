// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/lb/page_array.h"
#include "dataplane/sync/frame.h"
#include "dataplane/sync/lane.h"
#include "hal/base/clock.h"

// Takes what the peer's sender sends, puts each stream in order, and hands records to the worker
// that will see the flow's packets. A worker that has no room holds up its streams, and so the
// peer; nothing is dropped.
//
// Which worker: in nat the one that the SNAT port names, since it is asked for the server's answers
// and is the only one that could give the port to another flow; in dsr the one with the number that
// it had there, modulo workers. A client's packets may reach another one, which finds the owner in
// lb::FlowDirectory.
//
// A walk tells all flows of some buckets. Workers mark as it begins on any stream, and sweep what
// was not told again once it has ended on all. A round of digests is a cut through all streams:
// each is held where its own digest stands, until all have got there; then the workers are asked.
// Threads: owned by one.
namespace yoke::sync {

struct ReceiverConfig {
  using milliseconds = std::chrono::milliseconds;
  std::uint64_t instance = 1;  // by chance: no other start of this unit has the same; never 0
  std::size_t window = kWindowMax;
  std::size_t streams_max = kStreamsMax;  // that the peer may have
  milliseconds hold_max{50};              // a round that not all streams reach is given up
  milliseconds ask_every{50};
};

struct ReceiverCounters {
  std::uint64_t frames = 0, records = 0;
  std::uint64_t duplicates = 0, beyond = 0;  // frames
  std::uint64_t strange = 0;                 // frames of no session of ours
  std::uint64_t malformed = 0, unknown = 0;  // frames or records; records of later versions
  std::uint64_t sessions = 0, rounds = 0, rounds_given_up = 0, buckets_differed = 0;
};

class Receiver {
 public:
  // `workers` and `servers`, which takes ServerRecords and may be null, outlive it.
  Receiver(const ReceiverConfig& config, std::span<InLane* const> workers,
           SpscRing<Record>* servers);

  void take(std::span<const std::uint8_t> frame, MonoTime now) noexcept;
  // Goes on where workers had no room, and with rounds of digests; before a round of next().
  void step(MonoTime now) noexcept;
  // The next answer to send, valid until the next call; empty: nothing for now.
  [[nodiscard]] std::span<const std::uint8_t> next(MonoTime now) noexcept;

  // A session is there, and as far as the peer has told nothing is missing.
  [[nodiscard]] bool is_whole() const noexcept { return generation_ != 0 && missing_.is_empty(); }
  [[nodiscard]] const ReceiverCounters& counters() const noexcept { return counters_; }

 private:
  using Room = std::array<std::uint8_t, kFrameBytesMax>;
  struct Stream {
    std::uint64_t delivered = 0, received = 0;  // frames before these are with the workers, here
    std::size_t cursor = 0;                     // records of frame `delivered` that are, too
    bool is_held = false;
    bool owes_ack = false;
    explicit Stream(std::size_t window)
        : octets(window), frames(window, lb::PageArray<Room>::Backed::kAsUsed) {}
    std::vector<std::uint16_t> octets;  // by frame modulo window; 0: not here
    lb::PageArray<Room> frames;         // most peers have few streams
  };
  struct Round {
    enum class Stage : std::uint8_t { kNone, kGathers, kAsks };
    Stage stage = Stage::kNone;
    std::uint32_t number = 0;
    MonoTime began;
    std::size_t held = 0;  // streams that have got there
    lb::FlowDigest::Sums sums{};
    std::uint64_t services = 0;  // that the sums are of; all streams say the same
    bool is_void = false;        // they did not
  };

  [[nodiscard]] bool is_ours(const DataHeader& header) noexcept;
  void open_session(const DataHeader& header) noexcept;
  void store(Stream& stream, const DataHeader& header,
             std::span<const std::uint8_t> frame) noexcept;
  void join(Stream& stream) const noexcept;
  void deliver(Stream& stream) noexcept;
  [[nodiscard]] bool hand_out(Stream& stream, const DataFrame& frame) noexcept;
  void finish(Stream& stream) noexcept;
  // False if there is no room for it now.
  [[nodiscard]] bool route(Stream& stream, const Record& record) noexcept;
  [[nodiscard]] bool route_flow(const Stream& stream, const Record& record) noexcept;
  [[nodiscard]] bool route_server(const Record& record) noexcept;
  [[nodiscard]] bool begin_walk(const Record& record) noexcept;
  [[nodiscard]] bool route_services(const Record& record) noexcept;
  [[nodiscard]] bool end_walk(const Stream& stream, const Record& record) noexcept;
  void gather(Stream& stream, const Record& record) noexcept;
  [[nodiscard]] bool broadcast(const Record& record) noexcept;
  void look_after_round(MonoTime now) noexcept;
  void release() noexcept;
  void compare() noexcept;
  [[nodiscard]] std::span<const std::uint8_t> ack(const Stream& stream) noexcept;
  [[nodiscard]] std::size_t number(const Stream& stream) const noexcept {
    return static_cast<std::size_t>(&stream - streams_.data());
  }

  ReceiverConfig config_;
  std::vector<InLane*> workers_;
  SpscRing<Record>* servers_;
  ReceiverCounters counters_;
  std::vector<Stream> streams_;
  std::size_t stream_count_ = 0;  // that the peer has
  std::uint64_t generation_ = 0;  // 0: no session
  std::uint32_t challenge_ = 1;
  bool owes_hello_ = false;
  MonoTime now_;

  lb::BucketSet missing_, missing_since_;  // all; those told during the walk
  lb::BucketSet walk_set_;
  std::uint32_t walk_ = 0;
  bool walks_ = false;
  bool is_void_ = false;            // a stream had nothing to tell in it
  std::bitset<kStreamsMax> ended_;  // streams that have told the walk's end

  Round round_;
  lb::BucketSet wanted_;  // a walk is asked for
  std::uint32_t request_ = 0;
  MonoTime asked_;

  AckFrame ack_;
  RequestFrame request_frame_;
};

}  // namespace yoke::sync
