// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/scheduler.h"

namespace yoke::lb {

Scheduler::Scheduler() : shares_(limits::kPools), given_(limits::kServers) {}

void Scheduler::start_over(Share& share, const Maglev& maglev) noexcept {
  share = {maglev.digest(), 0};
  for (const auto& member : maglev.members()) given_[member.server] = 0;
}

Scheduler::Choice Scheduler::choose(const Service& service, std::uint32_t hash) noexcept {
  const Maglev& maglev = *service.maglev;
  const Maglev::Member* chosen = &maglev.pick(hash);
  if (service.method == Method::kDsr) return {chosen->server, false};

  Share& share = shares_[service.pool];
  if (share.table != maglev.digest()) start_over(share, maglev);
  bool diverted = false;
  const std::int64_t total_weight = maglev.total_weight();
  if (lead(*chosen, share, total_weight) >= kSlack * total_weight) {
    const auto& second = maglev.pick(static_cast<std::uint32_t>(HashKey::mix(hash)));
    if (lead(second, share, total_weight) < lead(*chosen, share, total_weight)) {
      chosen = &second;
      diverted = true;
    }
  }
  ++given_[chosen->server];
  ++share.flows;
  return {chosen->server, diverted};
}

}  // namespace yoke::lb
