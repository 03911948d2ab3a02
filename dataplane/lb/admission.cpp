// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/admission.h"

namespace yoke::lb {

std::optional<net::Drop> Admission::refuses(const Guard& guard, std::uint16_t slot,
                                            const net::IpAddress& client, const HashKey& key,
                                            std::uint32_t now_ms) noexcept {
  if (guard.max_flows != 0 && flows_open(slot) >= guard.max_flows) return net::Drop::kVipLimit;
  if (guard.client_interval != 0) {
    const std::uint64_t who =
        fold_product(hash_address(key, client.masked(guard.client_mask), 2), key.lane(7) ^ slot);
    if (!rates_.admit_client(HashKey::mix(who), guard.client_interval, now_ms)) {
      return net::Drop::kClientRate;
    }
  }
  if (guard.flow_interval != 0 && !rates_.admit_service(slot, guard.flow_interval, now_ms)) {
    return net::Drop::kVipRate;
  }
  return std::nullopt;
}

std::uint64_t Admission::flows_open(std::uint16_t slot) const noexcept {
  std::uint64_t begun = 0, ended = 0;
  for (const WorkerCounters* worker : workers_) {
    // Ended first: no flow that is counted as ended is missing from those begun.
    ended += worker->loads[slot].ended.value();
    begun += worker->loads[slot].begun.value();
  }
  return begun > ended ? begun - ended : 0;
}

}  // namespace yoke::lb
