// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/merge.h"

namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kLateMax = 1h;
constexpr milliseconds kAgain = 5s;
constexpr milliseconds kLookAtLeast = 10s;  // the wall clock may be set meanwhile

// What may be over in a while: no data plane, another commit that waits.
bool may_pass(const Error& error) {
  return error.kind == Errc::kUnavailable || error.kind == Errc::kTimeout || error.id == kWaits;
}

}  // namespace

Schedule::Schedule(sd_event* event, Committer& committer, std::function<Clocks()> clocks)
    : committer_(committer), clocks_(std::move(clocks)), next_(event, [this] { follow(); }) {}

void Schedule::follow() {
  if (making_) return;
  next_.stop();
  const auto scheduled = committer_.scheduled();
  if (!scheduled) return;
  const auto left = std::chrono::ceil<milliseconds>(scheduled->at - clocks_().wall);
  if (left > 0ms) {
    next_.start(std::min(left, kLookAtLeast));
    return;
  }
  make(*scheduled, -left);
}

void Schedule::make(const store::Scheduled& scheduled, milliseconds late) {
  if (late > kLateMax) {
    give_up(scheduled, {Errc::kTimeout, std::string(kMissed),
                        "its time was over before it could be made", -1});
    return;
  }
  const auto base = committer_.config_of(scheduled.base_revision);
  if (!base) {
    give_up(scheduled, base.error());
    return;
  }
  const auto merged =
      model::merge(*base, scheduled.config, committer_.running().config, model::Side::kTheirs);
  if (!merged.conflicts.empty()) {
    give_up(
        scheduled,
        {Errc::kConflict, std::string(kMissed),
         "others have changed the same since: " + model::to_text(merged.conflicts.front()), -1});
    return;
  }
  making_ = true;
  const auto done =
      committer_.commit(merged.config, {scheduled.user, scheduled.origin, "scheduled"},
                        {.note = scheduled.note, .confirm_within = scheduled.confirm_within});
  making_ = false;
  if (!done && may_pass(done.error().error)) {
    next_.start(kAgain);
    return;
  }
  if (done) {
    end();
  } else {
    give_up(scheduled, done.error().error);
  }
}

void Schedule::give_up(const store::Scheduled& scheduled, const Error& why) {
  log::error(
      "scheduled-commit-given-up",
      fmt::format("the commit that {} has scheduled is not made: {}", scheduled.user, why.text),
      {{"USER", scheduled.user}, {"ERROR", why.id}});
  end();
}

// Until that is stored it is due again, which makes no second change: there is none left to make.
void Schedule::end() {
  if (auto ended = committer_.schedule(std::nullopt); !ended) next_.start(kAgain);
}

}  // namespace yoke::commit
