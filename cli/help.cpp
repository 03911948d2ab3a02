// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <fmt/format.h>

#include "cli/completion.h"
#include "cli/table.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

std::vector<std::string> all_commands() {
  std::vector<std::pair<std::string, std::string>> items;
  for (const Verb& verb : verbs()) {
    const bool config = verb.use == Use::kConfig;
    items.emplace_back(verb.node.word,
                       fmt::format("{}{}", verb.node.help, config ? " (after configure)" : ""));
  }
  std::vector<std::string> lines = make_list(items);
  lines.emplace_back();
  lines.emplace_back("TAB completes a word and ? says what may come next, anywhere on a line.");
  lines.emplace_back("Words may be shortened. A commit is durable; until then nothing changes.");
  lines.emplace_back("More about one command: help set, help set vip web");
  return lines;
}

}  // namespace

Outcome help(std::string_view topic) {
  Outcome outcome;
  if (topic.empty()) {
    outcome.output.rows = all_commands();
  } else {
    const Verb* verb = find_verb(topic.substr(0, topic.find(' ')));
    if (verb == nullptr) {
      outcome.error = Error{Errc::kInvalid, "E-101", "there is no such command", -1};
      return outcome;
    }
    outcome.output.rows.push_back(fmt::format("{}: {}", verb->node.word, verb->node.help));
    const auto none = [](std::string_view, const model::Path&) {
      return std::vector<std::string>{};
    };
    for (std::string& line : help_lines(complete(std::string(topic) + ' ', Mode::kScript, none))) {
      outcome.output.rows.push_back(std::move(line));
    }
  }
  outcome.output.json = {{"text", outcome.output.rows}};
  return outcome;
}

}  // namespace yoke::cli
