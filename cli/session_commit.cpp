// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <span>
#include <utility>

#include "cli/session.h"
#include "hal/base/number.h"
#include "mgmt/model/duration.h"

// What brings a configuration into use, keeps it there, or takes it back.
namespace yoke::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::chrono::milliseconds kConfirmWithin = std::chrono::minutes(5);

// What follows `commit`: [at TIME] [confirm [DURATION]] [note TEXT], as parameters.
json request_in(std::span<const std::string> words) {
  json params = json::object();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "at") {
      params["at_ms"] = parse_decimal(words[++i]).value_or(0);
    } else if (words[i] == "note") {
      params["note"] = words[++i];
    } else if (words[i] == "confirm") {
      params["confirm_ms"] = kConfirmWithin.count();
    } else if (const auto within = model::parse_duration(words[i])) {
      params["confirm_ms"] = within->count();
    }
  }
  return params;
}

}  // namespace

Outcome Session::commit(const Command& command) {
  const json params = request_in(command.words);
  Outcome outcome = committed(connection_.commit(params));
  const bool made = number_of(outcome.output.json, "changes") != 0;
  const bool now = !params.contains("at_ms");
  if (!outcome.error && made && now && params.contains("confirm_ms")) {
    outcome.output.talk.push_back(confirm_sentence(milliseconds(params["confirm_ms"])));
  }
  return outcome;
}

Outcome Session::rollback(const Command& command) {
  json params = request_in(std::span(command.words).subspan(1));
  params["revision"] = parse_decimal(command.words.front()).value_or(0);
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

Outcome Session::cancel() {
  const auto answer = connection_.call("cancel", json::object());
  if (!answer) return failed(answer.error());
  Outcome outcome = said("The scheduled commit is not made.");
  outcome.output.json = with_schema(*answer);
  return outcome;
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
    for (std::string& line : conflict_lines(connection_.error_data())) {
      outcome.output.talk.push_back(std::move(line));
    }
    return outcome;
  }
  Outcome outcome = said(commit_sentence(*answer));
  outcome.output.json = with_schema(*answer);
  return outcome;
}

}  // namespace yoke::cli
