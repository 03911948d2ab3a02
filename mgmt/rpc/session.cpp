// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "mgmt/commit/errors.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/json.h"
#include "mgmt/model/rules.h"
#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/show.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;

constexpr int kProtocolVersion = 1;
constexpr std::size_t kNoteBytesMax = 1000;
constexpr std::ptrdiff_t kMovesMax = 64;  // each looks at every record
constexpr std::chrono::milliseconds kConfirmMin = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kConfirmMax = std::chrono::hours(24);

auto bad_parameters(std::string what) {
  return fail(Errc::kInvalid, kBadParameters, std::move(what));
}

Result<std::string> text_in(const json& params, const char* key, std::size_t bytes_max) {
  const auto found = params.find(key);
  if (found == params.end()) return std::string();
  if (!found->is_string()) return bad_parameters(fmt::format("{} is not a string", key));
  auto text = found->get<std::string>();
  if (text.size() > bytes_max) {
    return bad_parameters(fmt::format("{} is longer than {} bytes", key, bytes_max));
  }
  return text;
}

json member(const json& params, const char* key) {
  const auto found = params.find(key);
  return found == params.end() ? json() : *found;
}

}  // namespace

const Session::Method Session::kMethods[] = {
    {"hello", &Session::hello},
    {"edit", &Session::edit},
    {"load", &Session::load},
    {"check", &Session::check},
    {"diff", &Session::diff},
    {"discard", &Session::discard},
    {"commit", &Session::commit},
    {"config", &Session::config},
    {"show", &Session::show},
    {"confirm", &Session::confirm},
    {"reject", &Session::reject},
    {"rollback", &Session::rollback},
    {"unconfirmed", &Session::unconfirmed},
};

hal::LineSession::Answer Session::answer(const std::string& line) {
  const auto request = parse_request(line);
  if (!request) {
    // What is not even JSON may be anything; a request that is wrong is followed by better ones.
    return {.line = error_line(nullptr, request.error()),
            .ends_session = request.error().id == "E-610"};
  }
  error_data_ = json::object();
  auto outcome = call(request->method, request->params);
  std::string text = outcome ? result_line(request->id, std::move(*outcome))
                             : error_line(request->id, outcome.error(), std::move(error_data_));
  if (text.size() > kLineBytesMax) {
    text = error_line(
        request->id,
        {Errc::kFailed, std::string(kAnswerTooLong),
         fmt::format("the answer is longer than {} bytes; ask for less", kLineBytesMax), -1});
  }
  return {.line = std::move(text), .ends_session = false};
}

Session::Outcome Session::call(const std::string& method, const Json& params) {
  const auto* const found =
      std::find_if(std::begin(kMethods), std::end(kMethods),
                   [&method](const Method& known) { return known.name == method; });
  if (found != std::end(kMethods)) return (this->*found->call)(params);
  return fail(Errc::kInvalid, kNoSuchMethod, "there is no method " + model::shown(method));
}

Session::Outcome Session::hello(const Json& params) {
  if (member(params, "version") != kProtocolVersion) {
    return fail(Errc::kRefused, kBadVersion,
                fmt::format("this yoke-mgmt speaks version {} of the protocol; use the programs of "
                            "one release",
                            kProtocolVersion));
  }
  return Json{
      {"version", kProtocolVersion}, {"unit", unit_.name}, {"user", peer_.user}, {"role", "admin"}};
}

Session::Outcome Session::edit(const Json& params) {
  const auto operations = model::operations_from_json(member(params, "operations"));
  if (!operations) return tl::unexpected(operations.error());
  const auto moves = std::ranges::count_if(*operations, [](const model::Operation& operation) {
    return operation.kind == model::Operation::Kind::kRename ||
           operation.kind == model::Operation::Kind::kCopy;
  });
  if (moves > kMovesMax) {
    return bad_parameters(fmt::format("more than {} renames and copies at once", kMovesMax));
  }
  // Edits that are refused leave no candidate behind that was not there before.
  model::Config edited = candidate();
  if (auto done = model::edit(edited, *operations); !done) return tl::unexpected(done.error());
  begin_candidate();
  candidate_->config = std::move(edited);
  return Json{{"edited", operations->size()}};
}

Session::Outcome Session::load(const Json& params) {
  auto config = model::config_from_json(member(params, "document"));
  if (!config) return tl::unexpected(config.error());
  // It replaces everything, so it is against what runs now, whatever was edited before.
  candidate_.emplace(Candidate{running(), std::move(*config)});
  return Json::object();
}

Session::Outcome Session::check(const Json&) {
  return Json{{"violations", model::to_json(model::violations(candidate()))}};
}

Session::Outcome Session::diff(const Json& params) {
  const auto from = config_in(params, "from", running());
  if (!from) return tl::unexpected(from.error());
  const auto to = config_in(params, "to", candidate());
  if (!to) return tl::unexpected(to.error());
  return Json{{"changes", model::to_json(model::diff(*from, *to))}};
}

Session::Outcome Session::discard(const Json&) {
  candidate_.reset();
  return Json::object();
}

Session::Outcome Session::commit(const Json& params) {
  const auto request = request_in(params);
  if (!request) return tl::unexpected(request.error());
  if (candidate_ && candidate_->config != running() && candidate_->base != running()) {
    return fail(Errc::kConflict, kOvertaken,
                fmt::format("revision {} was committed after these edits began: see history, "
                            "discard, and edit again",
                            unit_.committer.running().revision));
  }
  auto outcome = told(unit_.committer.commit(candidate(), author("cli"), *request));
  if (outcome) candidate_.reset();
  return outcome;
}

Session::Outcome Session::confirm(const Json& params) {
  const auto waits = unit_.committer.unconfirmed();
  if (auto meant = is_meant(params); !meant) return tl::unexpected(meant.error());
  if (auto done = unit_.committer.confirm(author("cli")); !done) {
    return tl::unexpected(done.error());
  }
  return Json{{"revision", waits->revision}};
}

Session::Outcome Session::reject(const Json& params) {
  if (auto meant = is_meant(params); !meant) return tl::unexpected(meant.error());
  return told(unit_.committer.reject(author("reject")));
}

// Whoever names a revision means no other: the one he saw may be over, and another's wait.
Status Session::is_meant(const Json& params) const {
  const Json revision = member(params, "revision");
  if (revision.is_null()) return {};
  const auto& waits = unit_.committer.unconfirmed();
  if (waits && revision == waits->revision) return {};
  return fail(Errc::kConflict, commit::kNothingWaits,
              waits
                  ? fmt::format("it is revision {} that waits for a confirmation now: see history",
                                waits->revision)
                  : "no commit waits for a confirmation any more: see history");
}

Session::Outcome Session::rollback(const Json& params) {
  if (!member(params, "revision").is_number_unsigned()) {
    return bad_parameters("revision is not the number of a revision");
  }
  if (params["revision"] == 0) {
    return fail(Errc::kNotFound, kNotThere,
                "revision 0 is the unit without a configuration: delete what is to go");
  }
  const auto config = config_in(params, "revision", {});
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
  auto outcome = told(unit_.committer.commit(*config, author("rollback"), *request));
  if (outcome) candidate_.reset();  // edits that cancelled each other out are none
  return outcome;
}

Session::Outcome Session::unconfirmed(const Json&) {
  const auto& waits = unit_.committer.unconfirmed();
  if (!waits) return Json{{"revision", nullptr}};
  const auto left = commit::remaining(waits->deadline, commit::read_clocks());
  return Json{
      {"revision", waits->revision}, {"back_to", waits->back_to}, {"remaining_ms", left.count()}};
}

Result<commit::Request> Session::request_in(const Json& params) const {
  auto note = text_in(params, "note", kNoteBytesMax);
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

Result<model::Config> Session::config_in(const Json& params, const char* key,
                                         const model::Config& otherwise) const {
  const Json revision = member(params, key);
  if (revision.is_null()) return otherwise;
  if (!revision.is_number_unsigned()) {
    return bad_parameters(fmt::format("{} is not the number of a revision", key));
  }
  return unit_.committer.config_of(revision.get<std::uint64_t>());
}

commit::Author Session::author(std::string how) const {
  return {.user = peer_.user, .origin = fmt::format("pid {}", peer_.pid), .how = std::move(how)};
}

Session::Outcome Session::told(const tl::expected<commit::Committed, commit::Refusal>& done) {
  if (!done) {
    if (!done.error().violations.empty()) {
      error_data_["violations"] = model::to_json(done.error().violations);
    }
    return tl::unexpected(done.error().error);
  }
  return Json{{"revision", done->revision}, {"changes", done->changes}};
}

Session::Outcome Session::config(const Json& params) {
  const Json wants_candidate = params.value("candidate", Json(false));
  if (!wants_candidate.is_boolean()) return bad_parameters("candidate is neither true nor false");
  const auto config =
      config_in(params, "revision", wants_candidate.get<bool>() ? candidate() : running());
  if (!config) return tl::unexpected(config.error());
  const Json revision = params.value("revision", Json(unit_.committer.running().revision));
  return Json{{"revision", revision}, {"document", model::to_json(*config)}};
}

Session::Outcome Session::show(const Json& params) {
  const auto object = text_in(params, "object", kNoteBytesMax);
  if (!object) return tl::unexpected(object.error());
  const auto name = text_in(params, "name", kNoteBytesMax);
  if (!name) return tl::unexpected(name.error());
  auto rows = rpc::show(unit_, *object, *name, MonoClock::now());
  if (!rows) return tl::unexpected(rows.error());
  return Json{{"schema", model::kSchemaName}, {"object", *object}, {"rows", std::move(*rows)}};
}

void Session::begin_candidate() {
  if (!candidate_) candidate_.emplace(Candidate{running(), {}});
}

}  // namespace yoke::rpc
