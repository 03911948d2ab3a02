// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/clock_watch.h"

#include <fmt/format.h>

#include "mgmt/commit/committer.h"
#include "mgmt/model/duration.h"

namespace yoke::commit {
namespace {

// What clocks differ by that are right, and what NTP sets one back by now and then.
constexpr std::chrono::minutes kTolerance{5};
// As many as are kept.
constexpr std::size_t kStamps = 500;

}  // namespace

std::optional<Stamp> ClockWatch::behind(const std::vector<Stamp>& history, const Clocks& now) {
  std::optional<Stamp> latest;
  for (const Stamp& stamp : history) {
    if (stamp.at - now.wall <= kTolerance) continue;
    if (now.is_kept_by_ntp) disproved_.insert(stamp);
    if (disproved_.contains(stamp)) continue;
    if (!latest || stamp.at > latest->at) latest = stamp;
  }
  return latest;
}

std::optional<std::string> Committer::clock_problem() {
  const Stamp newest{running().revision, running().committed_at};
  if (stamps_.empty() || stamps_.back() != newest) {
    stamps_.clear();
    if (const auto kept = store_.history(kStamps)) {
      for (const auto& revision : *kept) stamps_.push_back({revision.id, revision.info.at});
    }
    stamps_.push_back(newest);
  }
  const Clocks now = clocks_();
  const auto stamp = clock_watch_.behind(stamps_, now);
  if (!stamp) return std::nullopt;
  const auto behind = stamp->at - now.wall;
  return fmt::format(
      "the clock stands {} before revision {} was committed, and NTP does not keep it: set the "
      "time, or set system ntp-server (if the clock is right and that revision's time was wrong, "
      "this ends once NTP keeps the clock)",
      model::to_text(behind < std::chrono::hours(1)
                         ? std::chrono::floor<std::chrono::minutes>(behind)
                         : std::chrono::floor<std::chrono::hours>(behind)),
      stamp->revision);
}

}  // namespace yoke::commit
