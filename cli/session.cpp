// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/configuration.h"
#include "cli/help.h"
#include "cli/impact.h"
#include "cli/probe_view.h"
#include "cli/request.h"
#include "cli/revision_view.h"
#include "hal/base/number.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/json.h"

namespace yoke::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kPlaceWidth = 40;  // in the prompt; the line needs the other half

// "4:12", and with hours "1:04:12".
std::string clock_text(milliseconds time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// Probes that ended; for scripts it is an error that some did not pass.
Outcome probed(json answer, std::size_t width) {
  Outcome outcome{.output = probe_output(std::move(answer), width), .error = {}};
  std::size_t passed = 0;
  const json rows = part_of(outcome.output.json, "rows");
  for (const json& row : rows) passed += part_of(row, "outcome") == "passed" ? 1U : 0U;
  if (rows.empty()) {
    outcome.error = Error{Errc::kFailed, "E-423", "nothing was probed", -1};
  } else if (passed != rows.size()) {
    outcome.error = Error{Errc::kFailed, "E-423",
                          fmt::format("{} of {} {} did not pass", rows.size() - passed, rows.size(),
                                      rows.size() == 1 ? "probe" : "probes"),
                          -1};
  }
  return outcome;
}

}  // namespace

Outcome Session::run(const Command& command) {
  if (untold_) return failed(*std::exchange(untold_, std::nullopt));
  const std::string_view verb = command.verb->node.word;
  if (verb != "exit") warned_ = false;
  if (verb == "show") return show(command);
  if (verb == "test") return test(command);
  if (verb == "export") return export_configuration(connection_, command);
  if (!command.edits.empty()) return edit(command);
  if (verb == "edit") place_ = command.place;
  if (verb == "top") place_.words.clear();
  if (verb == "up" && !place_.words.empty()) place_.words.resize(place_.words.size() - 2);
  if (verb == "diff") return diff(command);
  if (verb == "update") return update(command);
  if (verb == "check") return check();
  if (verb == "commit") return commit(command);
  if (verb == "cancel") return cancel();
  if (verb == "confirm") return confirm();
  if (verb == "reject") return reject();
  if (verb == "rollback") return rollback(command);
  if (verb == "discard") return discard();
  if (verb == "request") return request(command);
  if (verb == "exit") return exit();
  if (verb == "help") return help(fmt::format("{}", fmt::join(command.words, " ")));
  if (verb == "configure") return configure(command);
  return {};
}

std::size_t Session::width_for(const Command& command) const {
  const bool saves =
      std::ranges::any_of(command.pipes, [](const auto& pipe) { return pipe.front() == "save"; });
  return saves ? kAnyWidth : width_;
}

Outcome Session::show(const Command& command) {
  const std::string& object = command.words.front();
  if (object == "configuration") return show_configuration(connection_, command);
  json params = {{"object", object}};
  if (object == "ha") return show_pair(command);
  if (object == "log") return show_log(command);
  const bool of_one = command.words.size() > 1;
  if (of_one) params["name"] = command.words[1];
  if (command.words.size() > 2) {
    params["object"] = "probe";
    params["server"] = command.words[2];
    auto probes = connection_.call("show", params);
    if (!probes) return failed(probes.error());
    return {.output = probe_output(std::move(*probes), width_for(command)), .error = {}};
  }
  auto answer = connection_.call("show", params);
  if (!answer) return failed(answer.error());
  if (object == "history" && of_one) return revision(command, std::move(*answer));
  return {.output = show_output(object, of_one, std::move(*answer), width_for(command)),
          .error = {}};
}

// [since DURATION] [level LEVEL] [event EVENT]
Outcome Session::show_log(const Command& command) {
  json params = {{"object", "log"}};
  for (std::size_t i = 1; i + 1 < command.words.size(); i += 2) {
    const std::string& value = command.words[i + 1];
    if (command.words[i] == "since") {
      params["since_ms"] = model::parse_duration(value).value_or(milliseconds(0)).count();
    } else {
      params[command.words[i]] = value;
    }
  }
  auto answer = connection_.call("show", params);
  if (!answer) return failed(answer.error());
  return {.output = show_output("log", false, std::move(*answer), width_for(command)), .error = {}};
}

// What it changed is told where the one before it is kept as well.
Outcome Session::revision(const Command& command, json answer) {
  Outcome outcome{.output = revision_output(std::move(answer), width_for(command)), .error = {}};
  const json rows = part_of(outcome.output.json, "rows");
  if (!rows.is_array() || rows.empty()) return outcome;
  const auto compared = connection_.call(
      "diff", {{"from", part_of(rows[0], "parent")}, {"to", part_of(rows[0], "revision")}});
  if (!compared && compared.error().id != "E-404") {
    outcome.output.talk.push_back(sentence(compared.error()));
  }
  if (!compared) return outcome;
  const auto changes = model::changes_from_json(part_of(*compared, "changes"));
  if (!changes || changes->empty()) return outcome;
  outcome.output.rows.emplace_back();
  for (std::string& line : lines_of(model::to_text(*changes))) {
    outcome.output.rows.push_back(std::move(line));
  }
  return outcome;
}

// yoke-mgmt answers nobody late, so it is asked until the probes have ended: each does within its
// check's timeout.
Outcome Session::test(const Command& command) {
  constexpr milliseconds kPause(20);
  json params = {{"pool", command.words[1]}};
  if (command.words.size() > 2) params["server"] = command.words[2];
  const auto started = connection_.call("test", params);
  if (!started) return failed(started.error());
  for (;;) {
    auto answer = connection_.call("tested", {{"test", part_of(*started, "test")}});
    if (!answer) return failed(answer.error());
    const json done = part_of(*answer, "done");
    if (done.is_boolean() && !done.get<bool>()) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    return probed(std::move(*answer), width_for(command));
  }
}

Outcome Session::edit(const Command& command) {
  const auto answer = connection_.call("edit", {{"operations", model::to_json(command.edits)}});
  if (!answer) return failed(answer.error());
  connection_.set_edits(part_of(*answer, "changed") != false);
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
  if (!command.words.empty()) params["from"] = parse_decimal(command.words[0]).value_or(0);
  if (command.words.size() > 1) params["to"] = parse_decimal(command.words[1]).value_or(0);
  const auto answer = connection_.call("diff", params);
  if (!answer) return failed(answer.error());
  const auto changes = model::changes_from_json(part_of(*answer, "changes"));
  if (!changes) return failed(changes.error());
  Outcome outcome;
  outcome.output.json = with_schema({{"changes", model::to_json(*changes)},
                                     {"conflicts", part_of(*answer, "conflicts")},
                                     {"impact", part_of(*answer, "impact")}});
  outcome.output.rows = lines_of(model::to_text(*changes));
  auto& rows = outcome.output.rows;
  const auto conflicts = conflict_lines(*answer);
  rows.insert(rows.end(), conflicts.begin(), conflicts.end());
  if (conflicts.empty() && !changes->empty()) {
    const auto impact = impact_lines(part_of(*answer, "impact"));
    rows.insert(rows.end(), impact.begin(), impact.end());
  }
  if (changes->empty()) outcome.output.talk.emplace_back("No change.");
  return outcome;
}

Outcome Session::update(const Command& command) {
  json params = json::object();
  if (!command.words.empty()) params["prefer"] = command.words.front();
  const auto answer = connection_.call("update", params);
  if (!answer) return failed(answer.error());
  Outcome outcome;
  outcome.output.json = with_schema(*answer);
  outcome.output.rows = conflict_lines(*answer);
  outcome.output.talk.push_back(
      outcome.output.rows.empty() || !command.words.empty()
          ? fmt::format("The candidate is on revision {}.", number_of(*answer, "revision"))
          : "Both changed these: update mine, or update theirs.");
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
    outcome.output.talk.emplace_back(
        "The candidate breaks no rule; whether you may commit it, and the data plane takes it, "
        "commit tells.");
  } else {
    outcome.error = Error{Errc::kFailed, "E-450",
                          fmt::format("the candidate cannot be committed: {} {}", found->size(),
                                      found->size() == 1 ? "error" : "errors"),
                          -1};
  }
  return outcome;
}

Outcome Session::discard() {
  const auto answer = connection_.call("discard", json::object());
  if (!answer) return failed(answer.error());
  connection_.set_edits(false);
  return {};
}

Outcome Session::configure(const Command& command) {
  if (mode_ == Mode::kConfig && command.words.empty()) {
    return failed({Errc::kInvalid, "E-113", "this is configuration mode already", -1});
  }
  if (!command.words.empty()) {
    const auto answer = connection_.call("lock", {{"force", command.words.size() > 1}});
    if (!answer) return failed(answer.error());
    connection_.set_alone(true);
  }
  if (mode_ == Mode::kOper) mode_ = Mode::kConfig;
  return {};
}

Outcome Session::request(const Command& command) {
  if (command.words.front() == "backup") {
    const auto made = make_backup(connection_, command.words.size() > 2 ? command.words[2] : "");
    if (!made) return failed(made.error());
    Outcome outcome = said(backup_sentence(*made));
    if (const std::string way = way_back(*made); !way.empty()) outcome.output.talk.push_back(way);
    outcome.output.json = with_schema(*made);
    return outcome;
  }
  if (command.words.front() == "ha") return request_of_pair(command);
  if (command.words.front() == "pair") return pair_units(command);
  if (command.words.front() == "notify") return try_notification(command.words[1]);
  const auto restored = restore_backup(connection_, command.words[1]);
  if (!restored) return failed(restored.error());
  connection_.set_edits(true);
  Outcome outcome = diff({});
  if (outcome.error) return outcome;
  outcome.output.talk.push_back(restore_sentence(*restored));
  return outcome;
}

// failover, standby or resume; "group NAME" and "force" may follow.
Outcome Session::request_of_pair(const Command& command) {
  const std::string& request = command.words[1];
  if (request == "branch") {
    const bool drop = command.words[3] == "drop";
    const auto answer = connection_.call("branch", {{"name", command.words[2]}, {"drop", drop}});
    if (!answer) return failed(answer.error());
    Outcome outcome = said(drop ? "It is gone." : "It is kept, and told no more.");
    outcome.output.json = with_schema(*answer);
    return outcome;
  }
  json params = {{"request", request}};
  for (std::size_t i = 2; i < command.words.size(); ++i) {
    if (command.words[i] == "force") {
      params["force"] = true;
    } else if (command.words[i] == "group" && i + 1 < command.words.size()) {
      params["group"] = command.words[++i];
    }
  }
  const auto answer = connection_.call("ha", params);
  if (!answer) return failed(answer.error());
  Outcome outcome = said(request == "resume" ? "This unit can take over again: see show ha."
                                             : "The peer is asked to take over: see show ha.");
  outcome.output.json = with_schema(*answer);
  return outcome;
}

Outcome Session::try_notification(const std::string& name) {
  const auto tried = test_notification(connection_, name);
  if (!tried) return failed(tried.error());
  Outcome outcome;
  outcome.output.json = with_schema(*tried);
  std::size_t missed = 0;
  for (const json& row : part_of(*tried, "rows")) {
    const bool is_told = part_of(row, "outcome") == "told";
    missed += is_told ? 0 : 1;
    outcome.output.talk.push_back(told_sentence(row));
  }
  if (missed > 0) {
    outcome.error = Error{Errc::kFailed, "E-640", "not everybody was told", -1};
  }
  return outcome;
}

Outcome Session::exit() {
  if (mode_ == Mode::kConfig) {
    place_.words.clear();
    mode_ = Mode::kOper;
    if (connection_.is_alone()) {
      connection_.set_alone(false);
      const auto answer = connection_.call("unlock", json::object());
      if (!answer) return failed(answer.error());
    }
    if (!connection_.has_edits()) return {};
    return said("The edits are kept: configure goes on with them, discard forgets them.");
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
  if (connection_.is_alone()) place += " [exclusive]";
  if (unconfirmed_) place += fmt::format(" [confirm {}]", clock_text(unconfirmed_->remaining));
  const std::string role = role_.empty() ? "" : fmt::format("({})", role_);
  return fmt::format("{}{}{}{}{} ", connection_.unit(), role, place,
                     connection_.has_edits() ? "*" : "", mode_ == Mode::kConfig ? "#" : ">");
}

std::string Session::look_for_unconfirmed() {
  const auto before = unconfirmed_;
  const json answer = ask_quietly("unconfirmed", json::object());
  if (const auto lost = std::exchange(untold_, std::nullopt)) {
    return fmt::format("{} {}", lost->id, lost->text);
  }
  if (!answer.is_object()) return {};
  // The name may have been another at the first call.
  if (const json unit = part_of(answer, "unit"); unit.is_string()) connection_.set_unit(unit);
  const json role = part_of(answer, "role");
  role_ = role.is_string() ? role.get<std::string>() : std::string();
  const bool was_alone = connection_.is_alone();
  connection_.set_alone(was_alone && part_of(answer, "alone") != false);
  const auto revision = number_of(answer, "revision");
  unconfirmed_.reset();
  if (revision != 0) unconfirmed_ = {revision, milliseconds(number_of(answer, "remaining_ms"))};
  if (was_alone && !connection_.is_alone()) {
    return "You edit alone no more: an admin has let others in.";
  }
  if (!before || revision == before->revision) return {};
  return fmt::format("Revision {} waits no more to be confirmed: see show history.",
                     before->revision);
}

std::vector<std::string> Session::keys(std::string_view kind, const model::Path& parent) {
  if (kind == kBackupFile) return backups_in(ask_quietly("show", {{"object", "backup"}}));
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
