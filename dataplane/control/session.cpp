// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/session.h"

#include <array>
#include <string_view>
#include <utility>

#include "dataplane/api/codec.h"
#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "hal/base/log.h"

namespace yoke::control {
namespace {

using api::Json;
using Outcome = Result<Json>;

Outcome stage(Controller& controller, const Json& params) {
  auto configuration = api::decode_stage(params);
  if (!configuration) return tl::unexpected(configuration.error());
  auto digest = controller.stage(std::move(*configuration));
  if (!digest) return tl::unexpected(digest.error());
  return api::encode_digest(*digest);
}

Outcome stage_difference(Controller& controller, const Json& params) {
  const auto difference = api::decode_stage_difference(params);
  if (!difference) return tl::unexpected(difference.error());
  const auto digest = controller.stage(*difference);
  if (!digest) return tl::unexpected(digest.error());
  return api::encode_digest(*digest);
}

Outcome activate_digest(Controller& controller, const std::string& digest) {
  const auto activation = controller.activate(digest);
  if (!activation) return tl::unexpected(activation.error());
  const auto running = controller.status(MonoClock::now(), {.servers = false}).running;
  log::notice("activated", "every worker runs revision " + std::to_string(running.revision),
              {{"REVISION", std::to_string(running.revision)},
               {"GENERATION", std::to_string(activation->generation)},
               {"DIGEST", activation->digest}});
  return api::encode(*activation);
}

Outcome activate(Controller& controller, const Json& params) {
  const auto digest = api::decode_digest(params);
  if (!digest) return tl::unexpected(digest.error());
  return activate_digest(controller, *digest);
}

Outcome apply(Controller& controller, const Json& params) {
  auto configuration = api::decode_stage(params);
  if (!configuration) return tl::unexpected(configuration.error());
  const auto digest = controller.stage(std::move(*configuration));
  if (!digest) return tl::unexpected(digest.error());
  return activate_digest(controller, *digest);
}

Outcome set_server_state(Controller& controller, const Json& params) {
  const auto changes = api::decode_changes(params);
  if (!changes) return tl::unexpected(changes.error());
  const auto generation = controller.set_server_state(*changes);
  if (!generation) return tl::unexpected(generation.error());
  return api::encode_generation(*generation);
}

Outcome status(Controller& controller, const Json& params) {
  const auto wanted = api::decode_status_wanted(params);
  if (!wanted) return tl::unexpected(wanted.error());
  auto status = controller.status(MonoClock::now(), *wanted);
  status.leases = controller.leases(api::LeaseClock::now());
  return api::encode(status);
}

Outcome counters(Controller& controller, const Json& params) {
  const auto asked = api::decode_counters_wanted(params);
  if (!asked) return tl::unexpected(asked.error());
  const auto counters = controller.counters(asked->wanted);
  return asked->compact ? api::encode_compact(counters) : api::encode(counters);
}

Outcome connections(Controller& controller, const Json& params) {
  const auto wanted = api::decode_connections_wanted(params);
  if (!wanted) return tl::unexpected(wanted.error());
  return api::encode(controller.connections(*wanted));
}

Outcome forecast(Controller& controller, const Json& params) {
  auto configuration = api::decode_stage(params);
  if (!configuration) return tl::unexpected(configuration.error());
  const auto forecast = controller.forecast(std::move(*configuration));
  if (!forecast) return tl::unexpected(forecast.error());
  return api::encode(*forecast);
}

Outcome forecast_difference(Controller& controller, const Json& params) {
  const auto difference = api::decode_stage_difference(params);
  if (!difference) return tl::unexpected(difference.error());
  const auto forecast = controller.forecast(*difference);
  if (!forecast) return tl::unexpected(forecast.error());
  return api::encode(*forecast);
}

// Of whoever wants to know that we answer.
Outcome ping(Controller&, const Json&) { return Json::object(); }

struct Method {
  std::string_view name;
  Outcome (*call)(Controller&, const Json&);
};
constexpr std::array kMethods{
    Method{"stage", stage},
    Method{"stage_difference", stage_difference},
    Method{"activate", activate},
    Method{"apply", apply},
    Method{"set_server_state", set_server_state},
    Method{"status", status},
    Method{"counters", counters},
    Method{"connections", connections},
    Method{"forecast", forecast},
    Method{"forecast_difference", forecast_difference},
    Method{"ping", ping},
};

Outcome call(Controller& controller, const api::Request& request) {
  for (const Method& method : kMethods) {
    if (method.name == request.method) return method.call(controller, request.params);
  }
  return fail(Errc::kInvalid, api::kUnknownMethod, "there is no method " + request.method);
}

// What answers a request travels without the newline that a LineServer adds.
std::string unterminated(std::string line) {
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

}  // namespace

hal::LineSession::Answer Session::answer(const std::string& line) {
  const auto request = api::decode_request(line);
  if (!request) {
    // What is not even JSON may be anything; a request that is wrong is followed by better ones.
    return {unterminated(api::encode_error(nullptr, request.error())),
            request.error().id == api::kNotJson};
  }
  const auto outcome = call(controller_, *request);
  return {unterminated(outcome ? api::encode_result(request->id, *outcome)
                               : api::encode_error(request->id, outcome.error())),
          false};
}

}  // namespace yoke::control
