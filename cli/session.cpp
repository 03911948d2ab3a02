// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <sstream>
#include <utility>

#include "cli/help.h"
#include "hal/base/number.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/json.h"

namespace yoke::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

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

constexpr std::chrono::milliseconds kConfirmWithin = std::chrono::minutes(5);

// The grammar has let nothing but digits through.
std::uint64_t revision_in(const std::string& word) { return parse_decimal(word).value_or(0); }

// What follows `commit`: [confirm [DURATION]] [note TEXT], as parameters.
json request_in(std::span<const std::string> words) {
  json params = json::object();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "note") {
      params["note"] = words[++i];
    } else if (words[i] == "confirm") {
      params["confirm_ms"] = kConfirmWithin.count();
    } else if (const auto within = model::parse_duration(words[i])) {
      params["confirm_ms"] = within->count();
    }
  }
  return params;
}

// "4:12", and with hours "1:04:12".
std::string clock_text(milliseconds time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

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

std::string confirm_sentence(milliseconds within) {
  return fmt::format("It is undone in {} unless you type: confirm", model::to_text(within));
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
  if (verb == "diff") return diff(command);
  if (verb == "check") return check();
  if (verb == "commit") return commit(command);
  if (verb == "confirm") return confirm();
  if (verb == "reject") return reject();
  if (verb == "rollback") return rollback(command);
  if (verb == "discard") return discard();
  if (verb == "exit") return exit();
  if (verb == "help") return help(command.words.empty() ? "" : command.words.front());
  if (verb == "configure" && mode_ == Mode::kOper) mode_ = Mode::kConfig;
  return {};
}

Outcome Session::show(const Command& command) {
  const std::string& object = command.words.front();
  if (object == "configuration") return show_configuration(command);
  json params = {{"object", object}};
  const bool of_one = command.words.size() > 1;
  if (of_one) params["name"] = command.words[1];
  auto answer = connection_.call("show", params);
  if (!answer) return failed(answer.error());
  return {.output = show_output(object, of_one, std::move(*answer)), .error = {}};
}

Outcome Session::show_configuration(const Command& command) {
  json params = json::object();
  if (command.words.size() > 1 && command.words[1] == "candidate") {
    params["candidate"] = true;
  } else if (command.words.size() > 1) {
    params["revision"] = revision_in(command.words[1]);
  }
  const auto answer = connection_.call("config", params);
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

Outcome Session::diff(const Command& command) {
  json params = json::object();
  if (!command.words.empty()) params["from"] = revision_in(command.words[0]);
  if (command.words.size() > 1) params["to"] = revision_in(command.words[1]);
  const auto answer = connection_.call("diff", params);
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
  const json params = request_in(command.words);
  Outcome outcome = committed(connection_.commit(params));
  const bool made = number_of(outcome.output.json, "changes") != 0;
  if (!outcome.error && made && params.contains("confirm_ms")) {
    outcome.output.talk.push_back(confirm_sentence(milliseconds(params["confirm_ms"])));
  }
  return outcome;
}

Outcome Session::rollback(const Command& command) {
  json params = request_in(std::span(command.words).subspan(1));
  params["revision"] = revision_in(command.words.front());
  Outcome outcome = committed(connection_.call("rollback", params));
  if (outcome.error) return outcome;
  connection_.set_edits(false);
  const bool made = number_of(outcome.output.json, "changes") != 0;
  if (made && params.contains("confirm_ms")) {
    outcome.output.talk.push_back(confirm_sentence(milliseconds(params["confirm_ms"])));
  }
  return outcome;
}

// The commit that the prompt speaks of, if it does: another may wait by now.
json Session::shown_revision() {
  const auto shown = std::exchange(unconfirmed_, std::nullopt);
  return shown ? json{{"revision", shown->revision}} : json::object();
}

Outcome Session::confirm() {
  const auto answer = connection_.call("confirm", shown_revision());
  if (!answer) return failed(answer.error());
  Outcome outcome = said(fmt::format("Revision {} stays.", number_of(*answer, "revision")));
  outcome.output.json = with_schema(*answer);
  return outcome;
}

Outcome Session::reject() { return committed(connection_.call("reject", shown_revision())); }

Outcome Session::committed(const Result<json>& answer) {
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
  if (unconfirmed_) place += fmt::format(" [confirm {}]", clock_text(unconfirmed_->remaining));
  return fmt::format("{}{}{}{} ", connection_.unit(), place, connection_.has_edits() ? "*" : "",
                     mode_ == Mode::kConfig ? "#" : ">");
}

std::string Session::look_for_unconfirmed() {
  const auto before = unconfirmed_;
  const json answer = ask_quietly("unconfirmed", json::object());
  if (const auto lost = std::exchange(untold_, std::nullopt)) {
    return fmt::format("{} {}", lost->id, lost->text);
  }
  if (!answer.is_object()) return {};
  const auto revision = number_of(answer, "revision");
  unconfirmed_.reset();
  if (revision != 0) unconfirmed_ = {revision, milliseconds(number_of(answer, "remaining_ms"))};
  if (!before || revision == before->revision) return {};
  return fmt::format("Revision {} waits no more to be confirmed: see show history.",
                     before->revision);
}

std::vector<std::string> Session::keys(std::string_view kind, const model::Path& parent) {
  const json answer = ask_quietly("config", {{"candidate", true}});
  const auto config = model::config_from_json(part_of(answer, "document"));
  return config ? config->keys(kind, parent) : std::vector<std::string>{};
}

json Session::ask_quietly(const std::string& method, const json& params) {
  const bool had_edits = connection_.has_edits();
  auto answer = connection_.call(method, params);
  if (answer) return std::move(*answer);
  if (had_edits && !connection_.has_edits()) untold_ = answer.error();
  return {};
}

}  // namespace yoke::cli
