// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/limit_watch.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "dataplane/net/drop.h"

namespace yoke::alarms {
namespace {

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& refused, net::Drop reason) {
  const auto found = refused.find(std::string(net::name(reason)));
  return found == refused.end() ? 0 : found->second;
}

}  // namespace

void LimitWatch::look_at(Limit& limit, std::uint64_t refused, bool is_first, MonoTime now) {
  // Less than before: the data plane has started anew, and what it tells is new.
  const std::uint64_t before = refused < limit.refused ? 0 : limit.refused;
  if (refused > before && !is_first) limit.last = now;
  limit.refused = refused;
}

void LimitWatch::look(const api::Counters& counters, MonoTime now) {
  std::map<std::string, Vip> vips;
  for (const auto& [name, refused] : counters.refused) {
    const auto known = vips_.find(name);
    Vip vip = known == vips_.end() ? Vip() : known->second;
    look_at(vip.flows, count_of(refused, net::Drop::kVipLimit), !has_looked_, now);
    look_at(vip.rate, count_of(refused, net::Drop::kVipRate), !has_looked_, now);
    vips.emplace(name, vip);
  }
  vips_ = std::move(vips);
  has_looked_ = true;
}

std::vector<Condition> LimitWatch::conditions(MonoTime now) const {
  const auto holds = [now](const Limit& limit) { return limit.last && now - *limit.last < kHold; };
  std::vector<Condition> found;
  for (const auto& [name, vip] : vips_) {
    const bool flows = holds(vip.flows), rate = holds(vip.rate);
    if (!flows && !rate) continue;
    const std::string_view which = flows && rate ? "max-flows and its new-flow-rate"
                                   : flows       ? "max-flows"
                                                 : "new-flow-rate";
    found.push_back({events::Kind::kVipLimited,
                     name,
                     fmt::format("vip {} refuses new flows: it has reached its {}", name, which),
                     {{"VIP", name}}});
  }
  return found;
}

}  // namespace yoke::alarms
