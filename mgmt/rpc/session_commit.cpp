// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "mgmt/commit/edits.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/json.h"
#include "mgmt/model/rules.h"
#include "mgmt/model/secrets.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

// How a session's candidate, or an old revision, comes into use.
namespace yoke::rpc {
namespace {

constexpr std::chrono::milliseconds kConfirmMin = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kConfirmMax = std::chrono::hours(24);
constexpr std::chrono::hours kAheadMax(24 * 366);

// A time to come, in ms since 1970.
Result<std::chrono::system_clock::time_point> time_in(const nlohmann::json& params,
                                                      const char* key) {
  const nlohmann::json at = member(params, key);
  // A time of the clock has more digits, and fewer years, than the number may.
  const auto now = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())
          .time_since_epoch()
          .count());
  const auto last = now + static_cast<std::uint64_t>(std::chrono::milliseconds(kAheadMax).count());
  if (at.is_number_unsigned() && at.get<std::uint64_t>() > now && at.get<std::uint64_t>() <= last) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(at.get<std::int64_t>()));
  }
  return bad_parameters(fmt::format("{} is not a time to come, within a year", key));
}

}  // namespace

Session::Outcome Session::commit(const Json& params) {
  auto request = request_in(params);
  if (!request) return tl::unexpected(request.error());
  if (candidate_ && request->note.empty()) request->note = candidate_->note;
  if (auto ready = may_replace_running(); !ready) return tl::unexpected(ready.error());
  if (auto may = may_commit(candidate()); !may) return tl::unexpected(may.error());
  const bool is_planned = !member(params, "at_ms").is_null();
  if (goes_to_other() && candidate() != running())
    return commit_there(params, *request, is_planned);
  if (is_planned) return schedule(params, *request);
  auto outcome = told(unit_.committer.commit(candidate(), author("cli"), *request));
  if (outcome) candidate_.reset();
  return outcome;
}

Session::Outcome Session::commit_there(const Json& params, const commit::Request& request,
                                       bool is_planned) {
  if (is_planned) {
    return fail(Errc::kConflict, commit::kOtherWrites,
                "a commit at a time is planned on the unit that is active, which this one is not: "
                "type it there, or commit now");
  }
  if (auto may = may_be_carried(); !may) return tl::unexpected(may.error());
  Json asked = params;
  asked["note"] = request.note;
  auto outcome = carry("commit", asked);
  if (outcome) candidate_.reset();
  return outcome;
}

// The candidate is to be committed at a time, and is this session's no more.
Session::Outcome Session::schedule(const Json& params, const commit::Request& request) {
  const auto at = time_in(params, "at_ms");
  if (!at) return tl::unexpected(at.error());
  if (unit_.committer.scheduled()) {
    return fail(Errc::kConflict, commit::kScheduled,
                "a commit is scheduled already: see show status, and cancel it first");
  }
  const auto changes = model::diff(running(), candidate());
  if (changes.empty()) {
    return Json{{"revision", unit_.committer.running().revision}, {"changes", 0}};
  }
  if (const auto found = unit_.committer.violations(candidate()); !found.empty()) {
    error_data_["violations"] = model::to_json(found);
    return fail(Errc::kFailed, commit::kRulesViolated,
                fmt::format("the candidate cannot be committed: {} {}", found.size(),
                            found.size() == 1 ? "error" : "errors"));
  }
  auto done = unit_.committer.schedule(store::Scheduled{.at = *at,
                                                        .base = running(),
                                                        .config = candidate(),
                                                        .is_whole = candidate_->is_whole,
                                                        .user = peer_.user,
                                                        .origin = from(),
                                                        .note = request.note,
                                                        .uid = peer_.uid,
                                                        .confirm_within = request.confirm_within});
  if (!done) return tl::unexpected(done.error());
  unit_.record({events::Kind::kCommitScheduled,
                fmt::format("{} has scheduled a commit", peer_.user),
                {{"USER", peer_.user}, {"ORIGIN", from()}, {"CHANGES", model::summary(changes)}}});
  candidate_.reset();
  return Json{{"changes", changes.size()}, {"at_ms", member(params, "at_ms")}};
}

Session::Outcome Session::cancel(const Json&) {
  const auto scheduled = unit_.committer.scheduled();
  if (!scheduled) {
    return fail(Errc::kConflict, commit::kNotScheduled, "no commit is scheduled");
  }
  const auto may = may_make(role(), model::diff(scheduled->base, scheduled->config));
  if (!may && scheduled->uid != peer_.uid) return tl::unexpected(may.error());
  if (auto done = unit_.committer.schedule(std::nullopt); !done) {
    return tl::unexpected(done.error());
  }
  unit_.record({events::Kind::kCommitCancelled,
                fmt::format("{} has cancelled the commit that {} had scheduled", peer_.user,
                            scheduled->user),
                {{"USER", peer_.user}, {"ORIGIN", from()}}});
  return Json::object();
}

Session::Outcome Session::confirm(const Json& params) {
  const auto waits = unit_.committer.unconfirmed();
  if (!waits && goes_to_other()) return carry("confirm", params);
  if (auto meant = is_meant(params); !meant) return tl::unexpected(meant.error());
  if (auto may = may_end_waiting(); !may) return tl::unexpected(may.error());
  if (auto done = unit_.committer.confirm(author("cli")); !done) {
    return tl::unexpected(done.error());
  }
  return Json{{"revision", waits->revision}};
}

Session::Outcome Session::reject(const Json& params) {
  if (!unit_.committer.unconfirmed() && goes_to_other()) return carry("reject", params);
  if (auto meant = is_meant(params); !meant) return tl::unexpected(meant.error());
  if (auto may = may_end_waiting(); !may) return tl::unexpected(may.error());
  return told(unit_.committer.reject(author("reject")));
}

// Whoever names a revision means no other: the one he saw may be over, and another's wait.
Status Session::is_meant(const Json& params) const {
  const Json revision = member(params, "revision");
  if (revision.is_null()) return {};
  const auto& waits = unit_.committer.unconfirmed();
  if (waits && revision == waits->revision) return {};
  if (unit_.committer.undone()) return {};  // the committer says what has become of it
  return fail(Errc::kConflict, commit::kNothingWaits,
              waits
                  ? fmt::format("it is revision {} that waits for a confirmation now: show history",
                                waits->revision)
                  : "no commit waits for a confirmation any more: show history");
}

Session::Outcome Session::rollback(const Json& params) {
  if (auto open = may_edit(); !open) return tl::unexpected(open.error());
  if (params.contains("at_ms")) return bad_parameters("a rollback is made at once");
  if (!member(params, "revision").is_number_unsigned()) {
    return bad_parameters("revision is not the number of a revision");
  }
  if (params["revision"] == 0) {
    return fail(Errc::kNotFound, kNotThere,
                "revision 0 is the unit without a configuration: delete what is to go");
  }
  auto config = config_in(params, "revision", {});
  // What is of this unit alone is no business of somebody on the other one.
  if (config && carried_role_) config = commit::shared_of(*config, running());
  if (!config) return tl::unexpected(config.error());
  auto request = request_in(params);
  if (!request) return tl::unexpected(request.error());
  if (candidate_ && candidate_->config != running()) {
    return fail(Errc::kConflict, kEdited,
                "there are uncommitted edits: commit or discard them first");
  }
  if (request->note.empty()) {
    request->note = fmt::format("rollback to {}", params["revision"].get<std::uint64_t>());
  }
  if (auto may = may_commit(*config); !may) return tl::unexpected(may.error());
  if (goes_to_other()) {
    candidate_.reset();
    return carry("rollback", params);
  }
  auto outcome = told(unit_.committer.commit(*config, author("rollback"), *request));
  if (outcome) candidate_.reset();  // edits that cancelled each other out are none
  return outcome;
}

Session::Outcome Session::unconfirmed(const Json&) {
  const auto& waits = unit_.committer.unconfirmed();
  const bool alone = unit_.lock.is_held_by(this);
  const std::string role = unit_.pair.role();
  if (!waits) {
    return Json{{"unit", unit_.name()}, {"role", role}, {"alone", alone}, {"revision", nullptr}};
  }
  const auto left = commit::remaining(waits->deadline, commit::read_clocks());
  return Json{{"unit", unit_.name()},
              {"role", role},
              {"alone", alone},
              {"revision", waits->revision},
              {"back_to", waits->back_to},
              {"remaining_ms", left.count()}};
}

Result<commit::Request> Session::request_in(const Json& params) const {
  auto note = text_in(params, "note");
  if (!note) return tl::unexpected(note.error());
  commit::Request request{.note = std::move(*note)};
  const Json wait = member(params, "confirm_ms");
  if (wait.is_null()) return request;
  const bool fits =
      wait.is_number_unsigned() && wait >= kConfirmMin.count() && wait <= kConfirmMax.count();
  if (!fits) return bad_parameters("confirm_ms is not a number from 1000 (1s) to 86400000 (24h)");
  request.confirm_within = std::chrono::milliseconds(wait.get<std::int64_t>());
  return request;
}

// What others have committed since the edits began is kept, or the commit refused.
Status Session::may_replace_running() {
  if (candidate() == running()) return {};
  const auto conflicts = rebase();
  if (conflicts.empty()) return {};
  error_data_["conflicts"] = model::to_json(model::hide_secrets(conflicts));
  return fail(
      Errc::kConflict, kOvertaken,
      fmt::format("revision {} was committed after these edits began, and changes the same: "
                  "update mine keeps yours, update theirs theirs, discard ends it",
                  unit_.committer.running().revision));
}

Status Session::may_commit(const model::Config& config) const {
  if (auto open = may_edit(); !open) return open;
  return may_make(role(), model::diff(running(), config));
}

// Whoever may not make a change may neither keep it nor undo it.
Status Session::may_end_waiting() const {
  const auto& waits = unit_.committer.unconfirmed();
  if (role() == Role::kAdmin || !waits) return {};
  const auto before = unit_.committer.config_of(waits->back_to);
  if (!before) return tl::unexpected(before.error());
  return may_make(role(), model::diff(*before, running()));
}

commit::Author Session::author(std::string how) const {
  return {.user = peer_.user, .origin = from(), .how = std::move(how)};
}

Session::Outcome Session::told(const tl::expected<commit::Committed, commit::Refusal>& done) {
  if (!done) {
    if (!done.error().violations.empty()) {
      error_data_["violations"] = model::to_json(done.error().violations);
    }
    return tl::unexpected(done.error().error);
  }
  Json answer{{"revision", done->revision}, {"changes", done->changes}};
  if (done->kept.replicated) {
    answer["replicated"] = *done->kept.replicated;
    if (!*done->kept.replicated) answer["not_replicated"] = done->kept.why;
  }
  return answer;
}

}  // namespace yoke::rpc
