// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/trials.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/health/errors.h"
#include "mgmt/health/probe_text.h"

namespace yoke::health {

bool Trials::Trial::is_done() const {
  return std::ranges::all_of(tried, [](const Tried& one) { return one.result.has_value(); });
}

Result<std::unique_ptr<Trials::Running>> Trials::prepare(const std::vector<Target>& targets) {
  auto running = std::make_unique<Running>();
  running->began = running->asked_for = now_();
  for (const Target& target : targets) {
    for (const Check& check : target.checks) {
      running->timeout = std::max(running->timeout, check.timeout);
      running->trial.tried.push_back({target.pool, target.server, check.key, std::nullopt});
    }
  }
  if (const auto count = running->trial.tried.size(); count > kProbesMax) {
    return fail(
        Errc::kRefused, kTooManyProbes,
        fmt::format("{} probes at once are more than {}: name one server", count, kProbesMax));
  }
  if (running_.size() >= kTrialsMax) {
    std::erase_if(running_, [&](const auto& entry) {
      return running->began - entry.second->asked_for > kForgottenAfter;
    });
  }
  if (running_.size() < kTrialsMax) return running;
  return fail(Errc::kRefused, kTooManyProbes,
              fmt::format("{} tests are under way already: wait for one to end", kTrialsMax));
}

Result<std::uint64_t> Trials::start(const std::vector<Target>& targets) {
  auto prepared = prepare(targets);
  if (!prepared) return tl::unexpected(prepared.error());
  Running& running = **prepared;
  running_.emplace(++last_number_, std::move(*prepared));
  auto tried = running.trial.tried.begin();
  for (const Target& target : targets) {
    for (const Check& check : target.checks) {
      running.probes.push_back(
          prober_.start(target.server, check,
                        [&one = *tried++](ProbeResult result) { one.result = std::move(result); }));
    }
  }
  return last_number_;
}

const Trials::Trial* Trials::find(std::uint64_t number) {
  const auto found = running_.find(number);
  if (found == running_.end()) return nullptr;
  Running& running = *found->second;
  running.asked_for = now_();
  for (std::size_t i = 0; i < running.probes.size(); ++i) {
    Tried& one = running.trial.tried[i];
    const MonoTime began = running.began + running.probes[i]->waited();
    if (!one.result && is_overdue(began, running.timeout, running.asked_for)) {
      one.result = not_tried("the probe came to no end", {});
    }
  }
  return &running.trial;
}

}  // namespace yoke::health
