// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/lb/flow_digest.h"
#include "dataplane/sync/record.h"

// Records of flows whose service or server this unit does not know yet: they wait for the
// configuration, which comes by another way. Bounded; of each flow only the last record stays.
// Threads: owned by one worker.
namespace yoke::sync {

class Parking {
 public:
  explicit Parking(std::size_t records);

  [[nodiscard]] bool is_empty() const noexcept { return parked_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return parked_; }
  // `client_hash` is that of the flow's client tuple. False if there is no room.
  [[nodiscard]] bool put(const FlowRecord& record, std::uint32_t client_hash) noexcept;
  void remove(const FlowRecord& record, std::uint32_t client_hash) noexcept;
  [[nodiscard]] lb::BucketSet buckets() const noexcept;

  // Calls `use(FlowRecord)` for all that wait; those for which it says true need not any more.
  template <typename Use>
  void retry(Use&& use) noexcept {
    if (is_empty()) return;
    for (Place& place : places_) {
      if (!place.is_used || !use(place.record)) continue;
      place.is_used = false;
      --parked_;
    }
  }

 private:
  static constexpr std::size_t kWays = 8;
  struct Place {
    bool is_used = false;
    std::uint32_t client_hash = 0;
    FlowRecord record;
  };
  [[nodiscard]] Place* first_of(std::uint32_t client_hash) noexcept {
    return &places_[(client_hash & mask_) * kWays];
  }

  std::size_t mask_;
  std::vector<Place> places_;
  std::size_t parked_ = 0;
};

}  // namespace yoke::sync
