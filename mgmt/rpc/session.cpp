// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "mgmt/commit/errors.h"
#include "mgmt/model/json.h"
#include "mgmt/model/secrets.h"
#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/show.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;

constexpr int kProtocolVersion = 1;

constexpr std::size_t kFromBytesMax = 64;
// Each holds a request; those whose clients have given up are among them.
constexpr std::size_t kWaitingMax = 32;

bool is_printable(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

const Session::Method Session::kMethods[] = {
    {"hello", &Session::hello, Role::kViewer},
    {"show", &Session::show, Role::kViewer},
    {"config", &Session::config, Role::kViewer},
    {"check", &Session::check, Role::kViewer},
    {"diff", &Session::diff, Role::kViewer},
    {"discard", &Session::discard, Role::kViewer},
    {"unconfirmed", &Session::unconfirmed, Role::kViewer},
    {"test", &Session::test, Role::kOperator},
    {"tested", &Session::tested, Role::kOperator},
    {"notify_test", &Session::notify_test, Role::kOperator},
    {"notify_tested", &Session::notify_tested, Role::kOperator},
    {"ha", &Session::ha, Role::kOperator},
    {"branch", &Session::branch, Role::kOperator, true},
    {"pair", &Session::pair, Role::kAdmin},
    {"backup_state", &Session::backup_state, Role::kViewer},
    {"backup", &Session::backup, Role::kOperator},
    {"restore", &Session::restore, Role::kOperator},
    {"lock", &Session::lock, Role::kOperator, true},
    {"unlock", &Session::unlock, Role::kOperator},
    {"edit", &Session::edit, Role::kOperator},
    {"load", &Session::load, Role::kOperator},
    {"update", &Session::update, Role::kOperator},
    {"commit", &Session::commit, Role::kOperator, true},
    {"cancel", &Session::cancel, Role::kOperator, true},
    {"confirm", &Session::confirm, Role::kOperator, true},
    {"reject", &Session::reject, Role::kOperator, true},
    {"rollback", &Session::rollback, Role::kOperator, true},
};

Session::~Session() { unit_.lock.release(this); }

hal::LineSession::Answer Session::answer(const std::string& line) {
  return answer_to(parse_request(line));
}

void Session::take(const std::string& line, const Reply& reply) {
  auto request = parse_request(line);
  const auto* const method = request ? method_named(request->method) : nullptr;
  if (method == nullptr || !method->waits || role() < method->least) {
    reply(answer_to(request));
    return;
  }
  if (unit_.waiting >= kWaitingMax) {
    reply({.line = error_line(
               request->id,
               {Errc::kConflict, std::string(commit::kUnderWay),
                fmt::format("{} changes wait for the one that is being made: see show alarm",
                            kWaitingMax),
                -1}),
           .ends_session = false});
    return;
  }
  ++unit_.waiting;
  unit_.later([this, request = std::move(request), reply] {
    const Answer answer = answer_to(request);
    --unit_.waiting;
    unit_.before_answer();
    reply(answer);
  });
}

hal::LineSession::Answer Session::answer_to(const Result<Request>& request) {
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

const Session::Method* Session::method_named(const std::string& name) {
  const auto* const found =
      std::find_if(std::begin(kMethods), std::end(kMethods),
                   [&name](const Method& known) { return known.name == name; });
  return found == std::end(kMethods) ? nullptr : found;
}

Session::Outcome Session::call(const std::string& method, const Json& params) {
  const auto* const found = method_named(method);
  if (found == nullptr) {
    return fail(Errc::kInvalid, kNoSuchMethod, "there is no method " + model::shown(method));
  }
  if (role() < found->least) {
    return fail(
        Errc::kDenied, kNotPermitted,
        found->least == Role::kAdmin
            ? fmt::format("{} has the role {}; that takes an admin", peer_.user, to_string(role()))
            : fmt::format("{} has the role {}, which may read only", peer_.user,
                          to_string(role())));
  }
  return (this->*found->call)(params);
}

Session::Outcome Session::hello(const Json& params) {
  if (member(params, "version") != kProtocolVersion) {
    return fail(Errc::kRefused, kBadVersion,
                fmt::format("this yoke-mgmt speaks version {} of the protocol; use the programs of "
                            "one release",
                            kProtocolVersion));
  }
  auto from = text_in(params, "from", kFromBytesMax);
  if (!from) return tl::unexpected(from.error());
  if (!is_printable(*from)) return bad_parameters("from is not printable");
  from_ = std::move(*from);
  return Json{{"version", kProtocolVersion},
              {"unit", unit_.name()},
              {"user", peer_.user},
              {"role", to_string(role())},
              {"banner", running().value(model::only("system"), "banner")}};
}

Session::Outcome Session::config(const Json& params) {
  const auto wants_candidate = flag_in(params, "candidate");
  if (!wants_candidate) return tl::unexpected(wants_candidate.error());
  if (*wants_candidate) (void)rebase();
  const auto config = config_in(params, "revision", *wants_candidate ? candidate() : running());
  if (!config) return tl::unexpected(config.error());
  const Json revision = params.value("revision", Json(unit_.committer.running().revision));
  const auto wants_secrets = flag_in(params, "secrets");
  if (!wants_secrets) return tl::unexpected(wants_secrets.error());
  if (*wants_secrets && role() < Role::kAdmin) {
    return fail(Errc::kDenied, kNotPermitted, "only an admin sees secrets in clear");
  }
  return Json{
      {"revision", revision},
      {"document", model::to_json(*wants_secrets ? *config : model::hide_secrets(*config))}};
}

Session::Outcome Session::show(const Json& params) {
  const auto object = text_in(params, "object");
  if (!object) return tl::unexpected(object.error());
  const auto name = text_in(params, "name");
  if (!name) return tl::unexpected(name.error());
  const auto server = text_in(params, "server");
  if (!server) return tl::unexpected(server.error());
  const auto choice = choice_in(params);
  if (!choice) return tl::unexpected(choice.error());
  auto rows = Moment(unit_, MonoClock::now()).show(*object, *name, *server, *choice);
  if (!rows) return tl::unexpected(rows.error());
  return Json{{"schema", model::kSchemaName}, {"object", *object}, {"rows", std::move(*rows)}};
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

std::string Session::from() const {
  return from_.empty() ? fmt::format("pid {}", peer_.pid) : from_;
}

}  // namespace yoke::rpc
