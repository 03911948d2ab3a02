// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "mgmt/commit/impact.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/json.h"
#include "mgmt/model/rules.h"
#include "mgmt/model/secrets.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

// What a session does with its candidate until it commits it.
namespace yoke::rpc {
namespace {

constexpr std::ptrdiff_t kMovesMax = 64;  // each looks at every record

}  // namespace

// `configure exclusive`: from now on nobody else edits or commits. What others have edited so far
// they keep.
Session::Outcome Session::lock(const Json& params) {
  const auto force = flag_in(params, "force");
  if (!force) return tl::unexpected(force.error());
  if (unit_.lock.is_held_by_other(this)) {
    if (!*force) return tl::unexpected(may_edit().error());
    if (role() < Role::kAdmin) {
      return fail(Errc::kDenied, kNotPermitted, "only an admin takes the lock from somebody else");
    }
    unit_.record({events::Kind::kLockTaken,
                  fmt::format("{} edits alone, instead of {}", peer_.user, unit_.lock.holder->user),
                  {{"USER", peer_.user}, {"ORIGIN", from()}}});
  }
  if (!unit_.lock.holder || *force) {
    unit_.lock.holder = {this, peer_.user, from(), std::chrono::system_clock::now()};
  }
  return Json::object();
}

Session::Outcome Session::unlock(const Json&) {
  unit_.lock.release(this);
  return Json::object();
}

Status Session::may_edit() const {
  if (!unit_.lock.is_held_by_other(this)) return {};
  const auto& holder = *unit_.lock.holder;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(
      std::chrono::system_clock::now() - holder.since);
  return fail(Errc::kConflict, kLocked,
              fmt::format("{} ({}) edits alone since {} min; an admin may end that with: "
                          "configure exclusive force",
                          holder.user, holder.from, std::max<std::int64_t>(0, minutes.count())));
}

Session::Outcome Session::edit(const Json& params) {
  if (auto open = may_edit(); !open) return tl::unexpected(open.error());
  const auto operations = model::operations_from_json(member(params, "operations"));
  if (!operations) return tl::unexpected(operations.error());
  const auto moves = std::ranges::count_if(*operations, [](const model::Operation& operation) {
    return operation.kind == model::Operation::Kind::kRename ||
           operation.kind == model::Operation::Kind::kCopy;
  });
  if (moves > kMovesMax) {
    return bad_parameters(fmt::format("more than {} renames and copies at once", kMovesMax));
  }
  (void)rebase();  // a conflict does not keep anybody from editing on
  // Edits that are refused leave no candidate behind that was not there before.
  model::Config edited = candidate();
  if (auto done = model::edit(edited, *operations); !done) return tl::unexpected(done.error());
  model::keep_secrets(edited, candidate());
  begin_candidate();
  candidate_->config = std::move(edited);
  const bool changed = candidate_->config != candidate_->base;
  if (!changed) candidate_.reset();
  return Json{{"edited", operations->size()}, {"changed", changed}};
}

Session::Outcome Session::load(const Json& params) {
  if (auto open = may_edit(); !open) return tl::unexpected(open.error());
  auto config = model::config_from_json(member(params, "document"));
  if (!config) return tl::unexpected(config.error());
  model::keep_secrets(*config, candidate());
  model::keep_secrets(*config, running());
  // It replaces everything, so it is against what runs now, whatever was edited before.
  candidate_.emplace(
      Candidate{running(), unit_.committer.running().revision, std::move(*config), true});
  return Json::object();
}

Session::Outcome Session::check(const Json&) {
  (void)rebase();
  return Json{{"violations", model::to_json(unit_.committer.violations(candidate()))}};
}

Session::Outcome Session::diff(const Json& params) {
  if (params.empty()) {
    const auto conflicts = rebase();
    // In conflict with what runs: then what was edited, and not what others did, backwards.
    const model::Config& before = conflicts.empty() ? running() : candidate_->base;
    return Json{{"changes", model::to_json(model::hide_secrets(model::diff(before, candidate())))},
                {"conflicts", model::to_json(model::hide_secrets(conflicts))},
                {"impact", conflicts.empty() ? impact_of(candidate()) : Json::array()}};
  }
  const auto from = config_in(params, "from", running());
  if (!from) return tl::unexpected(from.error());
  const auto to = config_in(params, "to", candidate());
  if (!to) return tl::unexpected(to.error());
  return Json{{"changes", model::to_json(model::hide_secrets(model::diff(*from, *to)))},
              {"conflicts", Json::array()}};
}

// What a commit of `config` would do to the connections that are open now.
Session::Json Session::impact_of(const model::Config& config) const {
  Json list = Json::array();
  if (config == running()) return list;
  // What touches no connection needs no counters, which of a large unit are megabytes.
  if (commit::impact(running(), config, std::nullopt).empty()) return list;
  std::optional<api::Counters> counters;
  if (auto answer = unit_.committer.data_plane().counters({})) counters = std::move(*answer);
  auto effects = commit::impact(running(), config, counters);
  // What counters do not hold is counted flow by flow.
  if (counters && commit::is_vague(effects) && unit_.committer.violations(config).empty()) {
    const auto forecast = unit_.committer.forecast(config);
    if (forecast && forecast->is_counted) effects = commit::impact(running(), config, *forecast);
  }
  for (const commit::Effect& effect : effects) {
    list.push_back({{"path", effect.path.to_string()},
                    {"effect", commit::to_string(effect.kind)},
                    {"flows", effect.flows ? Json(*effect.flows) : Json()},
                    {"counted_twice", effect.counted_twice}});
  }
  return list;
}

Session::Outcome Session::update(const Json& params) {
  if (auto open = may_edit(); !open) return tl::unexpected(open.error());
  const auto prefer = text_in(params, "prefer");
  if (!prefer) return tl::unexpected(prefer.error());
  if (!prefer->empty() && *prefer != "mine" && *prefer != "theirs") {
    return bad_parameters("prefer is neither \"mine\" nor \"theirs\"");
  }
  const auto conflicts =
      prefer->empty() ? rebase()
                      : rebase(*prefer == "mine" ? model::Side::kMine : model::Side::kTheirs);
  return Json{{"revision", unit_.committer.running().revision},
              {"conflicts", model::to_json(model::hide_secrets(conflicts))}};
}

// Brings the candidate onto what others have committed since it began, where that is no conflict or
// it is said whom to prefer. What it is in conflict with.
std::vector<model::Conflict> Session::rebase(std::optional<model::Side> preferred) {
  const auto& now = unit_.committer.running();
  if (!candidate_ || candidate_->base_revision == now.revision) return {};
  if (candidate_->base == now.config) {
    candidate_->base_revision = now.revision;
    return {};
  }
  if (candidate_->is_whole && !preferred) {
    // Two who changed nothing alike are still two who do not know of each other.
    return {{.path = {}, .field = {}, .mine = {}, .theirs = {}}};
  }
  auto merged = model::merge(candidate_->base, candidate_->config, now.config,
                             preferred.value_or(model::Side::kTheirs));
  if (merged.conflicts.empty() || preferred) {
    candidate_ = Candidate{now.config, now.revision, std::move(merged.config), false};
  }
  return std::move(merged.conflicts);
}

Session::Outcome Session::discard(const Json&) {
  candidate_.reset();
  return Json::object();
}

void Session::begin_candidate() {
  if (!candidate_) {
    candidate_.emplace(Candidate{running(), unit_.committer.running().revision, {}, false});
  }
}

}  // namespace yoke::rpc
