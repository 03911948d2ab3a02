// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/trials.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/health/errors.h"

namespace yoke::health {

bool Trials::Trial::is_done() const {
  return std::ranges::all_of(tried, [](const Tried& one) { return one.result.has_value(); });
}

Result<std::uint64_t> Trials::start(const std::vector<Target>& targets) {
  std::size_t count = 0;
  for (const Target& target : targets) count += target.checks.size();
  if (count > kProbesMax) {
    return fail(
        Errc::kRefused, kTooManyProbes,
        fmt::format("{} probes at once are more than {}: name one server", count, kProbesMax));
  }
  if (running_.size() == kTrialsMax) running_.erase(running_.begin());
  auto started = std::make_unique<Running>();
  Running& running = *started;
  for (const Target& target : targets) {
    for (const Check& check : target.checks) {
      running.trial.tried.push_back({target.pool, target.server, check.key, std::nullopt});
    }
  }
  std::size_t at = 0;
  for (const Target& target : targets) {
    for (const Check& check : target.checks) {
      Tried& one = running.trial.tried[at++];
      running.probes.push_back(prober_.start(
          target.server, check, [&one](ProbeResult result) { one.result = std::move(result); }));
    }
  }
  running_.emplace(++last_number_, std::move(started));
  return last_number_;
}

const Trials::Trial* Trials::find(std::uint64_t number) const {
  const auto found = running_.find(number);
  return found == running_.end() ? nullptr : &found->second->trial;
}

}  // namespace yoke::health
