// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/lb/counters.h"
#include "dataplane/lb/flow_hash.h"
#include "dataplane/lb/prefix_table.h"
#include "dataplane/lb/rate_limiter.h"
#include "dataplane/net/address.h"
#include "dataplane/net/drop.h"

// Who may open a flow, and how many.
namespace yoke::lb {

// What a service asks of those who open flows: a part of the snapshot.
struct Guard {
  std::shared_ptr<const PrefixTable> allow = {};  // null: everybody
  std::shared_ptr<const PrefixTable> deny = {};   // null: nobody; wins over allow
  std::uint32_t max_flows = 0;                    // 0: no limit, as of the others
  std::uint32_t flow_interval = 0;                // RateLimiter::interval()
  std::uint32_t client_interval = 0;
  net::IpAddress client_mask = {};  // what of an address is one client

  [[nodiscard]] bool has_lists() const noexcept { return allow != nullptr || deny != nullptr; }
  [[nodiscard]] bool has_limits() const noexcept {
    return max_flows != 0 || flow_interval != 0 || client_interval != 0;
  }
  // What its lists say: Drop::kDenied, Drop::kNotAllowed or nothing.
  [[nodiscard]] std::optional<net::Drop> refuses(const net::IpAddress& client) const noexcept {
    if (deny != nullptr && deny->contains(client)) return net::Drop::kDenied;
    if (allow != nullptr && !allow->contains(client)) return net::Drop::kNotAllowed;
    return std::nullopt;
  }
};

// The limits of all services, which hold for all workers together. Rates are exact but for what
// rate_limiter.h says. Open flows are what the workers have counted, those that are closed and
// merely remembered aside: where several open one at the
// same moment, each sees the others' a moment later, so that the limit may be passed by one flow a
// worker less one. Flows of a VIP that stood in the slot before count until the sweep has ended
// them. Threads: any.
class Admission {
 public:
  // `workers` outlive this, and are all whose flows count.
  explicit Admission(std::vector<const WorkerCounters*> workers) : workers_(std::move(workers)) {}

  // Counts one more flow of `client` at the service in this slot, or says why there may be none:
  // Drop::kVipLimit, Drop::kClientRate or Drop::kVipRate. One that a client's limit refuses takes
  // nothing of the service's.
  [[nodiscard]] std::optional<net::Drop> refuses(const Guard& guard, std::uint16_t slot,
                                                 const net::IpAddress& client, const HashKey& key,
                                                 std::uint32_t now_ms) noexcept;

 private:
  [[nodiscard]] std::uint64_t flows_open(std::uint16_t slot) const noexcept;

  std::vector<const WorkerCounters*> workers_;
  RateLimiter rates_;
};

}  // namespace yoke::lb
