// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/control_session.h"

#include <unistd.h>

#include <algorithm>
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

// Of pairing; nothing where `params` has no such text.
Result<std::string> text_in(const Json& params, const char* key) {
  const auto at = params.is_object() ? params.find(key) : params.end();
  if (at != params.end() && at->is_string()) return at->get<std::string>();
  return fail(Errc::kInvalid, api::kBadShape, std::string(key) + " is not there, or is no text");
}

Result<Json> done(const Status& status, const PairingDesk& desk) {
  if (!status) return tl::unexpected(status.error());
  return desk.status();
}

// Nothing where it is no question of pairing.
std::optional<Result<Json>> ask_desk(PairingDesk& desk, const api::Request& request) {
  const bool asks = request.method == "pair_with", confirms = request.method == "pair_confirm",
             introduces = request.method == "introduce";
  if (request.method == "pair_reject") return done(desk.reject(), desk);
  if (!asks && !confirms && !introduces) return std::nullopt;
  const auto text = text_in(request.params, asks ? "address" : confirms ? "code" : "name");
  if (!text) return tl::unexpected(text.error());
  if (asks) return done(desk.ask(*text), desk);
  return done(confirms ? desk.confirm(*text) : desk.introduce(*text), desk);
}

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
  if (request->method == "pairing") return reply(answer_to(*request, service_.pairing_status()));
  const auto command = command_of(request->method);
  const bool tracks = request->method == "track";
  const bool asks_hash_key = request->method == "hash_key";
  const bool asks_key = asks_hash_key || request->method == "configuration_key";
  constexpr std::array<std::string_view, 7> kOthers{"configure",    "introduce",   "pair_with",
                                                    "pair_confirm", "pair_reject", "pair_forget",
                                                    "pair_rotate"};
  if (!command && !tracks && !asks_key &&
      std::ranges::find(kOthers, request->method) == kOthers.end()) {
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
  if (const auto asked = ask_desk(service_.pairing(), *request)) return answered(*asked);
  if (request->method == "pair_rotate") {
    if (auto begun = service_.rotate(); !begun) return answered(tl::unexpected(begun.error()));
    return answered(service_.pairing_status());
  }
  if (request->method == "configure") return service_.configure(request->params, answered);
  const auto parameters = read_parameters(request->params);
  if (!parameters) return reply(answer_to(*request, tl::unexpected(parameters.error())));
  if (!command) return service_.forget(parameters->force, answered);
  service_.command(parameters->group, {*command, parameters->force}, answered);
}

}  // namespace yoke::pair
