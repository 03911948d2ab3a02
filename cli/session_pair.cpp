// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "cli/session.h"

// How two units become a pair, and how it stands.
namespace yoke::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kLookEvery = 50ms;
constexpr int kLooksMost = 240;  // 12 s, a little more than the units take at most
constexpr int kWordLooksMost = 40;

std::string text_of(const json& object, const char* key) {
  const json value = part_of(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string stage_of(const json& status) { return text_of(part_of(status, "try"), "stage"); }

// Until the units have come to a code, or to an end.
Result<json> await_code(Connection& connection, Result<json> status) {
  for (int looks = 0; status && looks < kLooksMost; ++looks) {
    const std::string stage = stage_of(*status);
    if (stage != "connecting" && stage != "exchanging") break;
    std::this_thread::sleep_for(kLookEvery);
    status = connection.call("pair", {{"request", "state"}});
  }
  return status;
}

// Until the other unit has told that it has the key, which takes it a moment.
Result<json> await_word(Connection& connection, Result<json> status) {
  for (int looks = 0; status && looks < kWordLooksMost; ++looks) {
    if (stage_of(*status) != "paired" || part_of(*status, "one_sided") != true) break;
    std::this_thread::sleep_for(kLookEvery);
    status = connection.call("pair", {{"request", "state"}});
  }
  return status;
}

// Until both units have the next key, or it came to nothing.
Result<json> await_exchange(Connection& connection, Result<json> status) {
  for (int looks = 0; status && looks < kLooksMost; ++looks) {
    const std::string phase = text_of(*status, "rotation");
    if (phase != "asking" && phase != "asked") break;
    std::this_thread::sleep_for(kLookEvery);
    status = connection.call("pair", {{"request", "state"}});
  }
  return status;
}

Outcome told_of_rotation(json status) {
  const std::string phase = text_of(status, "rotation");
  if (phase == "none") {
    return failed({Errc::kFailed, "E-749",
                   "the other unit took no part, and the key is " +
                       text_of(part_of(status, "key"), "name") +
                       " still: see show log, which has the reason",
                   -1});
  }
  Outcome outcome =
      said(phase == "exchanged"
               ? "Both units have the key " + text_of(part_of(status, "next_key"), "name") +
                     "; the one before is read for some seconds more: see show ha pairing."
               : "It is under way: see show ha pairing.");
  outcome.output.json = with_schema(std::move(status));
  return outcome;
}

Outcome told_of(json status) {
  const json tried = part_of(status, "try");
  const std::string stage = stage_of(status), code = text_of(tried, "code"),
                    other = text_of(tried, "other");
  if (const json failure = part_of(tried, "failure"); failure.is_object()) {
    return failed({Errc::kFailed, text_of(failure, "id"), text_of(failure, "text"), -1});
  }
  Outcome outcome;
  auto& talk = outcome.output.talk;
  if (stage == "comparing") {
    talk.push_back("The code here is " + code + "; " + other + " shows its own: show ha pairing.");
    talk.push_back("If both are alike, on both units: request pair confirm " + code);
  } else if (stage == "awaits-other") {
    talk.push_back("Confirmed here. On " + other + ": request pair confirm " + code);
  } else if (stage == "paired") {
    talk.push_back("This unit is " + text_of(status, "unit") + " of two, with " + other +
                   (part_of(status, "one_sided") == true
                        ? ", which has not said yet that it has the key: see show ha pairing."
                        : "."));
  } else {
    talk.push_back("It is under way: see show ha pairing.");
  }
  outcome.output.json = with_schema(std::move(status));
  return outcome;
}

}  // namespace

Outcome Session::pair_units(const Command& command) {
  const std::string& request = command.words[1];
  json params = {{"request", request}};
  if (command.words.size() > 2) {
    if (request == "with") params["address"] = command.words[2];
    if (request == "confirm") params["code"] = command.words[2];
    if (request == "forget") params["force"] = true;
  }
  auto answer = connection_.call("pair", params);
  if (request == "with") answer = await_code(connection_, std::move(answer));
  if (request == "confirm") answer = await_word(connection_, std::move(answer));
  if (request == "rotate") answer = await_exchange(connection_, std::move(answer));
  if (!answer) return failed(answer.error());
  if (request == "rotate") return told_of_rotation(std::move(*answer));
  if (request == "with" || request == "confirm") return told_of(std::move(*answer));
  Outcome outcome =
      said(request == "reject" ? "It is rejected; both units are as before."
                               : "The key is forgotten here; the other unit has to forget it too.");
  outcome.output.json = with_schema(std::move(*answer));
  return outcome;
}

Outcome Session::show_pair(const Command& command) {
  std::string object = "ha";
  if (command.words.size() > 1) object += "-" + command.words[1];
  auto answer = connection_.call("show", {{"object", object}});
  if (!answer) return failed(answer.error());
  std::string next;
  if (const json rows = part_of(*answer, "rows"); rows.is_array() && !rows.empty()) {
    next = text_of(rows.front(), "next");
  }
  Outcome outcome{.output = show_output(object, false, std::move(*answer), width_for(command)),
                  .error = {}};
  if (!next.empty()) outcome.output.talk.push_back(std::move(next));
  return outcome;
}

}  // namespace yoke::cli
