// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mgmt/commit/errors.h"
#include "mgmt/model/merge.h"
#include "mgmt/model/secrets.h"

namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kLateMax = 1h;
constexpr milliseconds kAgain = 5s;
constexpr milliseconds kLookAtLeast = 10s;  // the wall clock may be set meanwhile

tl::unexpected<Error> not_made(Errc kind, std::string why) {
  return fail(kind, kMissed, std::move(why));
}

// What has changed nothing and may be over in a while: another commit that waits, somebody who
// edits alone, a data plane that is away. One that could not activate it is no such thing: it would
// be tried to death.
bool may_pass(const Error& error) {
  if (error.id == kNotActivated || error.id == kNotUndone || error.id == kMissed) return false;
  return error.kind == Errc::kConflict || error.kind == Errc::kUnavailable ||
         error.kind == Errc::kTimeout;
}

}  // namespace

Schedule::Schedule(sd_event* event, Committer& committer, Permit permit,
                   std::function<Clocks()> clocks, events::Record record, Later later)
    : committer_(committer),
      permit_(std::move(permit)),
      clocks_(std::move(clocks)),
      record_(std::move(record)),
      later_(std::move(later)),
      next_(event, [this] { later_([this] { look(); }); }) {}

void Schedule::follow() { next_.start(0ms); }

void Schedule::look() {
  const auto scheduled = committer_.scheduled();
  if (!scheduled) return;
  const auto left = std::chrono::ceil<milliseconds>(scheduled->at - clocks_().wall);
  if (left > 0ms) {
    next_.start(std::min(left, kLookAtLeast));
    return;
  }
  const Status made = -left > kLateMax
                          ? not_made(Errc::kTimeout, "its time was over before it could be made")
                          : make(*scheduled);
  if (!made && may_pass(made.error())) {
    next_.start(kAgain);
  } else if (!made) {
    give_up(*scheduled, made.error());
  }
}

Status Schedule::make(const store::Scheduled& scheduled) {
  const model::Config& running = committer_.running().config;
  if (scheduled.is_whole && scheduled.base != running) {
    return not_made(Errc::kConflict, "it replaces the whole, and others have changed it since");
  }
  const auto merged = model::merge(scheduled.base, scheduled.config, running, model::Side::kTheirs);
  if (!merged.conflicts.empty()) {
    return not_made(Errc::kConflict,
                    "others have changed the same since: " +
                        model::to_text(model::hide_secrets(merged.conflicts).front()));
  }
  const auto changes = model::diff(running, merged.config);
  if (auto may = permit_(scheduled, changes); !may) return may;
  if (changes.empty()) return committer_.schedule(std::nullopt);
  const auto done = committer_.commit(
      merged.config, {scheduled.user, scheduled.origin, "scheduled"},
      {.note = scheduled.note, .confirm_within = scheduled.confirm_within, .is_scheduled = true});
  if (!done) return tl::unexpected<Error>(done.error().error);
  return {};
}

void Schedule::give_up(const store::Scheduled& scheduled, const Error& why) {
  record_(
      {events::Kind::kScheduledCommitGivenUp,
       fmt::format("the commit that {} has scheduled is not made: {}", scheduled.user, why.text),
       {{"USER", scheduled.user}, {"ERROR", why.id}}});
  if (!committer_.scheduled()) return;  // made, and taken back
  if (auto ended = committer_.schedule(std::nullopt); !ended) next_.start(kAgain);
}

}  // namespace yoke::commit
