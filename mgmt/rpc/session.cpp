// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

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
    {"hello", &Session::hello},   {"edit", &Session::edit},     {"load", &Session::load},
    {"check", &Session::check},   {"diff", &Session::diff},     {"discard", &Session::discard},
    {"commit", &Session::commit}, {"config", &Session::config}, {"show", &Session::show},
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

Session::Outcome Session::diff(const Json&) {
  return Json{{"changes", model::to_json(model::diff(running(), candidate()))}};
}

Session::Outcome Session::discard(const Json&) {
  candidate_.reset();
  return Json::object();
}

Session::Outcome Session::commit(const Json& params) {
  const auto note = text_in(params, "note", kNoteBytesMax);
  if (!note) return tl::unexpected(note.error());
  if (candidate_ && candidate_->config != running() && candidate_->base != running()) {
    return fail(Errc::kConflict, kOvertaken,
                fmt::format("revision {} was committed after these edits began: see history, "
                            "discard, and edit again",
                            unit_.committer.running().revision));
  }
  const auto origin = fmt::format("pid {}", peer_.pid);
  const auto done = unit_.committer.commit(
      candidate(), {.user = peer_.user, .origin = origin, .how = "cli"}, *note);
  if (!done) {
    if (!done.error().violations.empty()) {
      error_data_["violations"] = model::to_json(done.error().violations);
    }
    return tl::unexpected(done.error().error);
  }
  candidate_.reset();
  return Json{{"revision", done->revision}, {"changes", done->changes}};
}

Session::Outcome Session::config(const Json& params) {
  const Json wants_candidate = params.value("candidate", Json(false));
  if (!wants_candidate.is_boolean()) return bad_parameters("candidate is neither true nor false");
  const bool of_candidate = wants_candidate.get<bool>();
  return Json{{"revision", unit_.committer.running().revision},
              {"document", model::to_json(of_candidate ? candidate() : running())}};
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
