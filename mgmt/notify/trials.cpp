// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/trials.h"

#include <algorithm>
#include <utility>

namespace yoke::notify {

bool Trials::Trial::is_done() const {
  return std::ranges::all_of(tried, [](const Tried& one) { return one.how.has_value(); });
}

std::uint64_t Trials::start(const std::map<Whom, Target>& targets, const News& news) {
  if (running_.size() >= kTrialsMax) running_.erase(running_.begin());
  auto running = std::make_unique<Running>();
  for (const auto& [whom, target] : targets) running->trial.tried.push_back({whom, std::nullopt});
  std::size_t at = 0;
  for (const auto& [whom, target] : targets) {
    running->carriers.push_back(make_(target));
    Tried& tried = running->trial.tried[at++];
    News own = news;
    own.id = new_id();
    running->carriers.back()->carry(own, [&tried](Status how) { tried.how = std::move(how); });
  }
  running_.emplace(++last_number_, std::move(running));
  return last_number_;
}

const Trials::Trial* Trials::find(std::uint64_t number) const {
  const auto found = running_.find(number);
  return found == running_.end() ? nullptr : &found->second->trial;
}

}  // namespace yoke::notify
