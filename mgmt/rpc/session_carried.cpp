// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "mgmt/commit/edits.h"
#include "mgmt/commit/errors.h"
#include "mgmt/model/json.h"
#include "mgmt/rpc/carried.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

// Changes that are typed on the unit that stands by and made by the one that commits: there they
// are a session of their own, with the candidate, the role and the name of whoever typed them.
namespace yoke::rpc {
namespace {

using nlohmann::json;

constexpr std::size_t kTextMost = std::size_t{64} << 20;  // replication's longest
constexpr std::size_t kNameMost = 1000;

Result<Role> role_in(const json& request) {
  const auto word = text_in(request, "role", kNameMost);
  if (!word) return tl::unexpected<Error>(word.error());
  for (const Role role : {Role::kOperator, Role::kAdmin}) {
    if (*word == to_string(role)) return role;
  }
  return fail(Errc::kDenied, kNotPermitted, "the other unit names no role that may change this");
}

bool is_carried(const std::string& method) {
  return method == "commit" || method == "rollback" || method == "confirm" || method == "reject";
}

}  // namespace

bool Session::goes_to_other() const { return !carried_role_ && unit_.pair.carries(); }

// The answer is the other unit's, word for word.
Session::Outcome Session::carry(const char* method, const Json& params) {
  Json request{{"method", method},
               {"params", params},
               {"user", peer_.user},
               {"role", to_string(role())},
               {"from", from()}};
  if (candidate_ && std::string_view(method) == "commit") {
    request["edits"] = commit::edits_text(running(), candidate());
    request["whole"] = candidate_->is_whole;
  }
  const auto line = unit_.pair.carry(request.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!line) return tl::unexpected<Error>(told_of_unknown(line.error()));
  auto answer = parse_answer(*line);
  if (!answer) return tl::unexpected<Error>(answer.error());
  error_data_ = std::move(answer->error_data);
  return std::move(answer->result);
}

// Whatever the other unit has said, what has come of it is seen here once it has come.
Error Session::told_of_unknown(Error error) {
  if (error.id != commit::kMaybeCommitted || !candidate_) return error;
  if (rebase().empty() && candidate() == running()) {
    error.text += fmt::format("; revision {}, which runs here, has these changes",
                              unit_.committer.running().revision);
  }
  return error;
}

// What is the unit's own cannot be made by the other one.
Status Session::may_be_carried() const {
  if (!commit::differ_in_own(running(), candidate())) return {};
  return fail(Errc::kConflict, commit::kOwnOnStandby,
              "these edits change what belongs to this unit alone, which is committed while it is "
              "the active one: request ha failover on the other unit first (what both share can be "
              "committed here, by itself)");
}

Status Session::begin_carried(std::uint64_t base, const Json& request) {
  const auto role = role_in(request);
  if (!role) return tl::unexpected<Error>(role.error());
  carried_role_ = *role;
  auto from = text_in(request, "from", kNameMost);
  if (!from) return tl::unexpected<Error>(from.error());
  from_ = std::move(*from);
  if (member(request, "edits").is_null()) return {};
  const auto edits = text_in(request, "edits", kTextMost);
  const auto whole = flag_in(request, "whole");
  if (!edits || !whole) return tl::unexpected<Error>(edits ? whole.error() : edits.error());
  const auto then = unit_.committer.config_of(base);
  if (!then) return tl::unexpected<Error>(then.error());
  auto edited = commit::edited(*then, running(), *edits);
  if (!edited) return tl::unexpected<Error>(edited.error());
  candidate_.emplace(Candidate{std::move(edited->base), base, std::move(edited->config), *whole});
  return {};
}

std::string Session::answer_carried(std::uint64_t base, const json& request) {
  error_data_ = json::object();
  const auto method = text_in(request, "method", kNameMost);
  const json params = member(request, "params");
  Outcome outcome = bad_parameters("what the other unit sends is no request");
  if (method && is_carried(*method) && params.is_object()) {
    const auto begun = begin_carried(base, request);
    outcome = begun ? call(*method, params) : tl::unexpected<Error>(begun.error());
  }
  return outcome ? result_line(1, std::move(*outcome))
                 : error_line(1, outcome.error(), std::move(error_data_));
}

std::string answer_carried(Unit& unit, std::uint64_t base, const std::string& text) {
  const auto request = model::parse_json(text);
  const auto user = request ? text_in(*request, "user", kNameMost)
                            : Result<std::string>(tl::unexpected<Error>(request.error()));
  if (!user) return error_line(1, user.error());
  // No number of this machine's: what he may do goes by what the other unit says.
  Session session(unit, hal::Peer{.pid = 0, .uid = static_cast<uid_t>(-1), .user = *user});
  std::string line = session.answer_carried(base, *request);
  unit.before_answer();
  return line;
}

}  // namespace yoke::rpc
