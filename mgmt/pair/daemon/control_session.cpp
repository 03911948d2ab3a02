// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/control_session.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "mgmt/pair/daemon/service.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using What = Command::What;

constexpr std::string_view kNotPermitted = "E-413";

std::string unterminated(std::string line) {
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

hal::LineSession::Answer answer_to(const api::Request& request, const Result<Json>& outcome) {
  return {unterminated(outcome ? api::encode_result(request.id, *outcome)
                               : api::encode_error(request.id, outcome.error())),
          false};
}

std::optional<What> command_of(std::string_view method) {
  constexpr std::array kCommands{std::pair{"failover", What::kFailover},
                                 std::pair{"maintenance", What::kMaintenance},
                                 std::pair{"resume", What::kResume}};
  for (const auto& [name, what] : kCommands) {
    if (method == name) return what;
  }
  return std::nullopt;
}

struct Parameters {
  std::optional<std::string> group;
  bool force = false;
};

Result<Parameters> read_parameters(const Json& params) {
  Parameters read;
  if (!params.is_object()) return fail(Errc::kInvalid, api::kBadShape, "params is no object");
  if (const auto at = params.find("group"); at != params.end()) {
    if (!at->is_string()) return fail(Errc::kInvalid, api::kBadShape, "group is no text");
    read.group = at->get<std::string>();
  }
  if (const auto at = params.find("force"); at != params.end()) {
    if (!at->is_boolean()) return fail(Errc::kInvalid, api::kBadShape, "force is no truth value");
    read.force = at->get<bool>();
  }
  return read;
}

}  // namespace

ControlSession::ControlSession(Service& service, const hal::Peer& peer)
    : service_(service),
      may_change_(peer.uid == 0 || peer.uid == ::geteuid() || peer.user == "yoke") {}

std::string ControlSession::error_line(const Error& error) {
  return unterminated(api::encode_error(nullptr, error));
}

hal::LineSession::Answer ControlSession::answer(const std::string& line) {
  Answer given;
  take(line, [&](const Answer& answer) { given = answer; });
  return given;
}

void ControlSession::take(const std::string& line, const Reply& reply) {
  const auto request = api::decode_request(line);
  if (!request) {
    return reply({error_line(request.error()), request.error().id == api::kNotJson});
  }
  if (request->method == "status") return reply(answer_to(*request, service_.status()));
  if (request->method == "history") return reply(answer_to(*request, service_.history()));
  const auto command = command_of(request->method);
  const bool tracks = request->method == "track";
  const bool asks_hash_key = request->method == "hash_key";
  const bool asks_key = asks_hash_key || request->method == "configuration_key";
  if (!command && !tracks && !asks_key && request->method != "configure") {
    return reply(answer_to(*request, fail(Errc::kInvalid, api::kUnknownMethod,
                                          "there is no method " + request->method)));
  }
  if (!may_change_) {
    return reply(answer_to(*request, fail(Errc::kDenied, kNotPermitted,
                                          "only an administrator may " + request->method)));
  }
  if (asks_key) {
    return reply(
        answer_to(*request, asks_hash_key ? service_.hash_key() : service_.configuration_key()));
  }
  const auto answered = [request = *request, reply](const Result<Json>& outcome) {
    reply(answer_to(request, outcome));
  };
  if (tracks) return answered(service_.track(request->params));
  if (!command) return service_.configure(request->params, answered);
  const auto parameters = read_parameters(request->params);
  if (!parameters) return reply(answer_to(*request, tl::unexpected(parameters.error())));
  service_.command(parameters->group, {*command, parameters->force}, answered);
}

}  // namespace yoke::pair
