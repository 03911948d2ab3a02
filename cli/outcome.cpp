// SPDX-License-Identifier: Apache-2.0
#include "cli/outcome.h"

#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "cli/connection.h"
#include "cli/moment.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/json.h"

namespace yoke::cli {

using nlohmann::json;
using std::chrono::milliseconds;

Outcome failed(Error error) { return {.output = {}, .error = std::move(error)}; }

Outcome said(std::string text) {
  Outcome outcome;
  outcome.output.talk.push_back(std::move(text));
  return outcome;
}

std::uint64_t number_of(const json& answer, const char* key) {
  const json value = part_of(answer, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

json with_schema(json object) {
  object["schema"] = model::kSchemaName;
  return object;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

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
  const std::string_view word = changes == 1 ? "change" : "changes";
  if (const auto at = number_of(result, "at_ms"); at != 0) {
    const std::chrono::system_clock::time_point time(milliseconds(static_cast<std::int64_t>(at)));
    return fmt::format("{} {} to be committed at {} unless you type: cancel", changes, word,
                       moment_text(time));
  }
  const auto made = fmt::format("Revision {}: {} {}", revision, changes, word);
  const json replicated = part_of(result, "replicated");
  if (!replicated.is_boolean()) return made + ".";
  if (replicated.get<bool>()) return made + ", replicated.";
  const json why = part_of(result, "not_replicated");
  return fmt::format("{}, not replicated: {}.", made,
                     why.is_string() ? why.get<std::string>() : std::string());
}

std::string confirm_sentence(milliseconds within) {
  return fmt::format("It is undone in {} unless you type: confirm", model::to_text(within));
}

std::vector<std::string> conflict_lines(const json& object) {
  std::vector<std::string> lines;
  for (const json& conflict : part_of(object, "conflicts")) {
    const json text = part_of(conflict, "text");
    if (text.is_string()) lines.push_back("! " + text.get<std::string>());
  }
  return lines;
}

}  // namespace yoke::cli
