// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "cli/help.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/json.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

Outcome failed(Error error) { return {.output = {}, .error = std::move(error)}; }

Outcome said(std::string text) {
  Outcome outcome;
  outcome.output.talk.push_back(std::move(text));
  return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::uint64_t number_of(const json& result, const char* key) {
  const json value = part_of(result, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

constexpr std::size_t kPlaceWidth = 40;  // in the prompt; the line needs the other half

json with_schema(json object) {
  object["schema"] = model::kSchemaName;
  return object;
}

}  // namespace

std::vector<std::string> violation_lines(const std::vector<model::Violation>& violations) {
  std::vector<std::string> lines;
  lines.reserve(violations.size());
  for (const model::Violation& violation : violations) {
    lines.push_back(fmt::format("{} {}: {}", violation.id, violation.path, violation.text));
  }
  return lines;
}

std::vector<std::string> violation_lines_of(const json& error_data) {
  const auto found = model::violations_from_json(part_of(error_data, "violations"));
  return found ? violation_lines(*found) : std::vector<std::string>{};
}

std::string commit_sentence(const json& result) {
  const auto revision = number_of(result, "revision");
  const auto changes = number_of(result, "changes");
  if (changes == 0) return fmt::format("No change: revision {} stays.", revision);
  return fmt::format("Revision {}: {} {}.", revision, changes, changes == 1 ? "change" : "changes");
}

Outcome Session::run(const Command& command) {
  if (untold_) return failed(*std::exchange(untold_, std::nullopt));
  const std::string_view verb = command.verb->node.word;
  if (verb != "exit") warned_ = false;
  if (verb == "show") return show(command);
  if (!command.edits.empty()) return edit(command);
  if (verb == "edit") place_ = command.place;
  if (verb == "top") place_.words.clear();
  if (verb == "up" && !place_.words.empty()) place_.words.resize(place_.words.size() - 2);
  if (verb == "diff") return diff();
  if (verb == "check") return check();
  if (verb == "commit") return commit(command);
  if (verb == "discard") return discard();
  if (verb == "exit") return exit();
  if (verb == "help") return help(command.words.empty() ? "" : command.words.front());
  if (verb == "configure" && mode_ == Mode::kOper) mode_ = Mode::kConfig;
  return {};
}

Outcome Session::show(const Command& command) {
  const std::string& object = command.words.front();
  if (object == "configuration") return show_configuration(command.words.size() > 1);
  json params = {{"object", object}};
  const bool of_one = command.words.size() > 1;
  if (of_one) params["name"] = command.words[1];
  auto answer = connection_.call("show", params);
  if (!answer) return failed(answer.error());
  return {.output = show_output(object, of_one, std::move(*answer)), .error = {}};
}

Outcome Session::show_configuration(bool candidate) {
  const auto answer = connection_.call("config", {{"candidate", candidate}});
  if (!answer) return failed(answer.error());
  Outcome outcome;
  outcome.output.json = part_of(*answer, "document");
  const auto config = model::config_from_json(outcome.output.json);
  if (!config) return failed(config.error());
  outcome.output.rows = lines_of(model::to_commands(*config));
  if (outcome.output.rows.empty()) outcome.output.talk.emplace_back("The configuration is empty.");
  return outcome;
}

Outcome Session::edit(const Command& command) {
  const auto answer = connection_.call("edit", {{"operations", model::to_json(command.edits)}});
  if (!answer) return failed(answer.error());
  connection_.set_edits(true);
  for (const model::Operation& edited : command.edits) follow(edited);
  return {};
}

// Whoever stands in a record that is renamed stays in it.
void Session::follow(const model::Operation& edited) {
  const auto& from = edited.path.words;
  if (edited.kind != model::Operation::Kind::kRename || place_.words.size() < from.size()) return;
  if (!std::equal(from.begin(), from.end(), place_.words.begin())) return;
  place_.words[from.size() - 1] = edited.to;
}

Outcome Session::diff() {
  const auto answer = connection_.call("diff", json::object());
  if (!answer) return failed(answer.error());
  const auto changes = model::changes_from_json(part_of(*answer, "changes"));
  if (!changes) return failed(changes.error());
  Outcome outcome;
  outcome.output.json = with_schema({{"changes", model::to_json(*changes)}});
  outcome.output.rows = lines_of(model::to_text(*changes));
  if (changes->empty()) outcome.output.talk.emplace_back("No change.");
  return outcome;
}

Outcome Session::check() {
  const auto answer = connection_.call("check", json::object());
  if (!answer) return failed(answer.error());
  const auto found = model::violations_from_json(part_of(*answer, "violations"));
  if (!found) return failed(found.error());
  Outcome outcome;
  outcome.output.json = with_schema({{"violations", model::to_json(*found)}});
  outcome.output.rows = violation_lines(*found);
  if (found->empty()) {
    outcome.output.talk.emplace_back("The candidate may be committed.");
  } else {
    outcome.error = Error{Errc::kFailed, "E-450",
                          fmt::format("the candidate cannot be committed: {} {}", found->size(),
                                      found->size() == 1 ? "error" : "errors"),
                          -1};
  }
  return outcome;
}

Outcome Session::commit(const Command& command) {
  const std::string note = command.words.size() > 1 ? command.words[1] : "";
  const auto answer = connection_.commit(note);
  if (!answer) {
    Outcome outcome = failed(answer.error());
    outcome.output.talk = violation_lines_of(connection_.error_data());
    return outcome;
  }
  Outcome outcome = said(commit_sentence(*answer));
  outcome.output.json = with_schema(*answer);
  return outcome;
}

Outcome Session::discard() {
  const auto answer = connection_.call("discard", json::object());
  if (!answer) return failed(answer.error());
  connection_.set_edits(false);
  return {};
}

Outcome Session::exit() {
  if (mode_ == Mode::kConfig) {
    place_.words.clear();
    mode_ = Mode::kOper;
    return {};
  }
  if (mode_ == Mode::kOper && connection_.has_edits() && !warned_) {
    warned_ = true;
    return said("There are uncommitted edits: commit or discard them, or exit again to lose them.");
  }
  ended_ = true;
  return {};
}

std::string Session::prompt() const {
  std::string place = place_.to_string();
  if (place.size() > kPlaceWidth) place = "..." + place.substr(place.size() - kPlaceWidth + 3);
  if (!place.empty()) place = fmt::format(" [{}]", place);
  return fmt::format("{}{}{}{} ", connection_.unit(), place, connection_.has_edits() ? "*" : "",
                     mode_ == Mode::kConfig ? "#" : ">");
}

std::vector<std::string> Session::keys(std::string_view kind, const model::Path& parent) {
  const bool had_edits = connection_.has_edits();
  const auto answer = connection_.call("config", {{"candidate", true}});
  if (!answer) {
    if (had_edits && !connection_.has_edits()) untold_ = answer.error();
    return {};
  }
  const auto config = model::config_from_json(part_of(*answer, "document"));
  return config ? config->keys(kind, parent) : std::vector<std::string>{};
}

}  // namespace yoke::cli
