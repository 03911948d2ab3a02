// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {

using nlohmann::json;

json probe_row(const ProbeReport& report, MonoTime now) {
  json steps = json::array();
  for (const auto& step : report.steps) {
    steps.push_back({{"at_us", step.at.count()}, {"text", step.text}});
  }
  return {{"pool", report.id.pool},
          {"server", report.id.server.to_string()},
          {"check", report.check},
          {"ago_s", report.began ? json(seconds_between(*report.began, now)) : json()},
          {"outcome", report.outcome},
          {"took_us", report.took.count()},
          {"text", report.text},
          {"steps", std::move(steps)}};
}

Rows probe_rows(const Question& question) {
  const auto server = net::Endpoint::parse(question.server);
  if (question.name.empty() || !server) {
    return fail(Errc::kInvalid, kBadParameters,
                "probes are shown of one server: name its pool and it");
  }
  const model::Path path{{"pool", question.name, "server", server->to_string()}};
  if (question.config().find(path) == nullptr) {
    return fail(Errc::kNotFound, kNotThere, "there is no " + path.to_string());
  }
  json rows = json::array();
  for (const ProbeReport& report : question.unit().checks.history({question.name, *server})) {
    rows.push_back(probe_row(report, question.now()));
  }
  return rows;
}

}  // namespace yoke::rpc
