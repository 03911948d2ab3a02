// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/parking.h"

#include <bit>

namespace yoke::sync {
namespace {

bool is_of_one_flow(const FlowRecord& a, const FlowRecord& b) noexcept {
  return a.client == b.client && a.vip == b.vip && a.client_port == b.client_port &&
         a.vip_port == b.vip_port && a.protocol == b.protocol;
}

}  // namespace

Parking::Parking(std::size_t records)
    : mask_(std::bit_ceil(records / kWays + 1) - 1), places_((mask_ + 1) * kWays) {}

bool Parking::put(const FlowRecord& record, std::uint32_t client_hash) noexcept {
  Place* const first = first_of(client_hash);
  Place* free = nullptr;
  for (Place* place = first; place != first + kWays; ++place) {
    if (!place->is_used) {
      free = place;
    } else if (is_of_one_flow(place->record, record)) {
      place->record = record;
      return true;
    }
  }
  if (free == nullptr) return false;
  *free = {true, client_hash, record};
  ++parked_;
  return true;
}

void Parking::remove(const FlowRecord& record, std::uint32_t client_hash) noexcept {
  Place* const first = first_of(client_hash);
  for (Place* place = first; place != first + kWays; ++place) {
    if (!place->is_used || !is_of_one_flow(place->record, record)) continue;
    place->is_used = false;
    --parked_;
  }
}

lb::BucketSet Parking::buckets() const noexcept {
  lb::BucketSet set;
  if (is_empty()) return set;
  for (const Place& place : places_) {
    if (place.is_used) set.add(lb::bucket_of(place.client_hash));
  }
  return set;
}

}  // namespace yoke::sync
