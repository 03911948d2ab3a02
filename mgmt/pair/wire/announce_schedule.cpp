// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/announce_schedule.h"

#include <algorithm>

namespace yoke::pair {

void AnnounceSchedule::start(std::span<const VipPlace> places, MonoTime now) noexcept {
  places_ = places;
  claimed_ = paced_ = again_at_ = now;
  round_ = 0;
  begin_round(now);
}

void AnnounceSchedule::begin_round(MonoTime at) noexcept {
  round_at_ = at;
  position_ = 0;
}

bool AnnounceSchedule::again(MonoTime now) noexcept {
  if (places_.empty() || now - again_at_ < kAgainLeast) return false;
  again_at_ = now;
  // A round under way says it all; one that is to come is brought forward.
  if (position_ == 0) round_at_ = std::min(round_at_, now);
  return true;
}

// Steps over places that begin no VLAN, while claims are due; on to the next round behind the last.
void AnnounceSchedule::settle() noexcept {
  while (position_ < places_.size() && !starts_vlan(position_)) ++position_;
  if (position_ < 2 * places_.size()) return;
  const MonoTime begun = round_at_;
  ++round_;
  const MonoTime next = round_ < kRounds.size() ? claimed_ + kRounds[round_] : begun + kRefresh;
  begin_round(next);
}

MonoTime AnnounceSchedule::earliest() const noexcept {
  // The first of a round waits for it alone; `burst` frames may go before their turn.
  const MonoTime by_rate = paced_ - pace_.interval * (pace_.burst - 1);
  return position_ == 0 ? std::max(round_at_, by_rate) : by_rate;
}

std::optional<AnnounceSchedule::Item> AnnounceSchedule::next(MonoTime now) noexcept {
  if (places_.empty() || now < earliest()) return std::nullopt;
  paced_ = std::max(paced_, now) + pace_.interval;
  const bool is_claim = position_ < places_.size();
  const Item item{is_claim ? position_ : position_ - places_.size(), is_claim};
  ++position_;
  settle();
  return item;
}

std::optional<MonoTime> AnnounceSchedule::due() const noexcept {
  if (places_.empty()) return std::nullopt;
  return earliest();
}

}  // namespace yoke::pair
