// SPDX-License-Identifier: Apache-2.0
// Committer where a commit is undone that nobody has confirmed.
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "mgmt/commit/change.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/diff.h"

namespace yoke::commit {
namespace {

using events::Kind;

tl::unexpected<Refusal> refuse(Error error) {
  return tl::unexpected<Refusal>(Refusal{std::move(error), {}});
}

std::string rejected(std::uint64_t revision) {
  return fmt::format("revision {} was rejected", revision);
}

}  // namespace

tl::expected<Committed, Refusal> Committer::reject(const Author& author) {
  const Change change(*this);
  if (auto may = change.may_begin(); !may) return refuse(may.error());
  if (undone_) return store_undone();
  const auto waits = unconfirmed();
  if (!waits) {
    return refuse(
        {Errc::kConflict, std::string(kNothingWaits), "no commit waits for a confirmation", -1});
  }
  return undo(*waits, author, rejected(waits->revision));
}

std::optional<std::chrono::milliseconds> Committer::until_expiry(const Clocks& now) const {
  if (undone_) return std::chrono::milliseconds(0);
  const auto& waits = unconfirmed();
  if (!waits) return std::nullopt;
  return remaining(waits->deadline, now);
}

Status Committer::expire(const Clocks& now) {
  const auto left = until_expiry(now);
  if (!left || left->count() > 0) return {};
  if (is_changing()) return {};  // from within the commit itself: it is asked again at once
  const Change change(*this);
  if (undone_) return catch_up();
  const auto waits = *unconfirmed();
  const auto undone = undo(waits, {.user = "yoke-mgmt", .origin = "local", .how = "unconfirmed"},
                           fmt::format("revision {} was not confirmed in time", waits.revision));
  return undone ? Status{} : tl::unexpected(undone.error().error);
}

// Where it runs first: a disk that takes no writes, or is busy with one for long, keeps nobody
// from what was promised.
tl::expected<Committed, Refusal> Committer::undo(const store::Unconfirmed& waits,
                                                 const Author& author, const std::string& note) {
  undo_failed_ = true;  // until it is done
  if (auto left = leave(waits, author, note); !left) return refuse(left.error());
  const bool is_known_to_run = adopted_ && !unknown_;
  if (auto runs = is_known_to_run ? run_committed() : reconcile(MonoClock::now()); !runs) {
    record_({Kind::kRevertWaiting,
             "it is activated once the data plane answers: " + runs.error().text});
  }
  return store_undone();
}

// From now on what was before it is what is to run.
Status Committer::leave(const store::Unconfirmed& waits, const Author& author,
                        const std::string& note) {
  if (auto known = remember_before(); !known) return known;
  const auto changes = model::diff(store_.running().config, before_->config);
  const auto info = info_of(author, {.note = note}, changes);
  undone_ = Undone{.waits = waits,
                   .running = {store_.running().revision + 1, before_->config, info.at},
                   .info = info,
                   .changes = changes.size()};
  states_ = states_.following(undone_->running.config, MonoClock::now());
  return {};
}

tl::expected<Committed, Refusal> Committer::store_undone() {
  const Undone undone = *undone_;
  const auto stored = persist(undone.running.config, undone.info);
  if (!stored && store_.unconfirmed() == undone.waits) {
    const bool is_news = !std::exchange(undone_->why, stored.error());
    if (is_news && changed_) changed_();
    return refuse(*store_behind());
  }
  undone_.reset();
  undo_failed_ = false;
  if (running().revision != undone.running.revision) reconciled_ = false;
  (void)publish();
  record_({Kind::kCommitUndone,
           fmt::format("{}: revision {} brings back what was before it", undone.info.note,
                       running().revision),
           {{"REVISION", std::to_string(running().revision)},
            {"USER", undone.info.user},
            {"ORIGIN", undone.info.origin}}});
  if (changed_) changed_();
  return Committed{running().revision, undone.changes, kept_};
}

std::optional<Error> Committer::store_behind() const {
  if (!undone_ || !undone_->why) return std::nullopt;
  return Error{Errc::kConflict, std::string(kNotStoredYet),
               fmt::format("{}: what was before it runs again, and the store does not have that "
                           "yet, nor anything else: {} (it is tried every second)",
                           undone_->info.note, undone_->why->text),
               -1};
}

// Nothing is committed on top of what the store does not have.
Status Committer::catch_up() {
  if (!undone_) return {};
  const auto stored = store_undone();
  return stored ? Status{} : tl::unexpected<Error>(stored.error().error);
}

// What a disk that fails later is not asked for.
Status Committer::remember_before() {
  const auto& waits = store_.unconfirmed();
  if (!waits || (before_ && before_->of == *waits)) return {};
  auto config = store_.config_of(waits->back_to);
  if (!config) return tl::unexpected<Error>(config.error());
  before_ = Before{*waits, std::move(*config)};
  return {};
}

// A process before this one may have undone it where it runs, and found no way to store that.
void Committer::remember_undone(std::uint64_t revision_running) {
  const auto waits = unconfirmed();
  if (!waits || revision_running != waits->revision + 1) return;
  const Author author{.user = "yoke-mgmt", .origin = "local", .how = "reject"};
  if (leave(*waits, author, rejected(waits->revision)) && changed_) changed_();
}

}  // namespace yoke::commit
