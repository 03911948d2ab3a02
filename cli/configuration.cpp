// SPDX-License-Identifier: Apache-2.0
#include "cli/configuration.h"

#include <algorithm>
#include <span>

#include "hal/base/number.h"
#include "mgmt/model/json.h"
#include "mgmt/model/json_schema.h"
#include "mgmt/model/manual.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

Outcome text_outcome(const std::string& text) {
  Outcome outcome;
  outcome.output.rows = lines_of(text);
  return outcome;
}

// `which`: nothing, candidate, or the number of a revision; and whether with secrets.
Outcome configuration(Connection& connection, std::span<const std::string> which) {
  json params = json::object();
  for (const std::string& word : which) {
    if (word == "candidate" || word == "secrets") {
      params[word] = true;
    } else {
      // The grammar has let nothing but digits through.
      params["revision"] = parse_decimal(word).value_or(0);
    }
  }
  const auto answer = connection.call("config", params);
  if (!answer) return failed(answer.error());
  Outcome outcome;
  outcome.output.json = part_of(*answer, "document");
  const auto config = model::config_from_json(outcome.output.json);
  if (!config) return failed(config.error());
  outcome.output.rows = lines_of(model::to_commands(*config));
  outcome.output.is_secret = params.contains("secrets");
  return outcome;
}

}  // namespace

Outcome show_configuration(Connection& connection, const Command& command) {
  Outcome outcome = configuration(connection, std::span(command.words).subspan(1));
  if (!outcome.error && outcome.output.rows.empty()) {
    outcome.output.talk.emplace_back("The configuration is empty.");
  }
  return outcome;
}

Outcome export_configuration(Connection& connection, const Command& command) {
  const std::string form = command.words.empty() ? "set" : command.words.front();
  if (form == "schema") {
    Outcome outcome = text_outcome(model::json_schema().dump(2));
    outcome.output.json = json::parse(model::json_schema().dump());
    return outcome;
  }
  if (form == "manual") {
    Outcome outcome = text_outcome(model::manual());
    outcome.output.json = {{"text", model::manual()}};
    return outcome;
  }
  const auto words = std::span(command.words);
  Outcome outcome =
      configuration(connection, words.subspan(std::min<std::size_t>(1, words.size())));
  if (!outcome.error && form == "json") outcome.output.rows = lines_of(outcome.output.json.dump(2));
  return outcome;
}

}  // namespace yoke::cli
