// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/sync/record.h"
#include "hal/base/spsc_ring.h"

// What stands between one worker and the thread that speaks to the peer: a lane out and a lane in.
// Nothing here waits: a ring that is full is told by a set of buckets, or holds up the peer.
namespace yoke::sync {

// A set of buckets that one thread adds to and another takes away whole.
class SharedBuckets {
 public:
  void add(std::size_t bucket) noexcept {
    words_[bucket / 64].fetch_or(std::uint64_t{1} << (bucket % 64), std::memory_order_release);
  }
  void add(const lb::BucketSet& set) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (set.words[i] != 0) words_[i].fetch_or(set.words[i], std::memory_order_release);
    }
  }
  [[nodiscard]] lb::BucketSet take() noexcept {
    lb::BucketSet set;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i].load(std::memory_order_relaxed) == 0) continue;
      set.words[i] = words_[i].exchange(0, std::memory_order_acquire);
    }
    return set;
  }

 private:
  std::array<std::atomic<std::uint64_t>, lb::kFlowBuckets / 64> words_{};
};

// From the sender to a worker's exporter.
struct Order {
  enum class Verb : std::uint8_t { kWalk, kDigest };
  Verb verb = Verb::kWalk;
  std::uint32_t number = 0;  // of the walk, or the round
  lb::BucketSet buckets;     // kWalk
};

struct OutLane {
  explicit OutLane(std::size_t records_room) : records(records_room), orders(8) {}
  SpscRing<Record> records;  // exporter -> sender
  SpscRing<Order> orders;    // sender -> exporter
  SharedBuckets gaps;        // exporter -> sender: records of these did not fit
  // Records given to `records` so far, and those of them that the peer has: what `strict` waits
  // for. Written by exporter and sender.
  alignas(64) std::atomic<std::uint64_t> given{0};
  // How far walks have got: steps of all of them, and the last that was told to its end. Written by
  // the exporter.
  std::atomic<std::uint32_t> walk_steps{0}, walk_ended{0};
  alignas(64) std::atomic<std::uint64_t> confirmed{0};
};

// What a worker's table was, by bucket, when a round of digests came to it.
struct RoundAnswer {
  lb::FlowDigest::Sums sums{};
  std::uint64_t services = 0;  // services_digest() of those that are held
  lb::BucketSet uncertain;  // some of their flows wait for the configuration to know their server
};

struct InLane {
  explicit InLane(std::size_t records_room) : records(records_room) {}
  SpscRing<Record> records;  // receiver -> adopter
  RoundAnswer answer;        // adopter -> receiver, once `answered` names the round
  std::atomic<std::uint32_t> answered{0};
};

}  // namespace yoke::sync
