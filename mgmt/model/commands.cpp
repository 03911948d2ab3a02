// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "mgmt/model/command_reader.h"

namespace yoke::model {
namespace {

constexpr std::array<std::pair<std::string_view, EditVerb>, 6> kVerbs{{
    {"set", EditVerb::kSet},
    {"delete", EditVerb::kDelete},
    {"rename", EditVerb::kRename},
    {"copy", EditVerb::kCopy},
    {"enable", EditVerb::kEnable},
    {"disable", EditVerb::kDisable},
}};

std::vector<std::string> verb_words() {
  std::vector<std::string> words;
  words.reserve(kVerbs.size());
  for (const auto& [word, verb] : kVerbs) words.emplace_back(word);
  return words;
}

tl::unexpected<Error> unknown_verb(const Word& word) {
  const auto close = nearest(word.text, verb_words());
  return fail(
      Errc::kInvalid, "E-101",
      close.empty()
          ? fmt::format("unknown word {}: expected {}", shown(word.text), join_or(verb_words()))
          : fmt::format("unknown word {}: did you mean {}?", shown(word.text), join_or(close)),
      word.column);
}

}  // namespace

Result<std::vector<Operation>> parse_command(std::string_view line) {
  const auto words = split_words(line);
  if (!words) return tl::unexpected(words.error());
  if (words->empty()) {
    return fail(Errc::kInvalid, "E-106",
                fmt::format("the line is empty: expected {}", join_or(verb_words())), 0);
  }
  const Word& first = words->front();
  const auto* const verb = std::ranges::find_if(
      kVerbs, [&](const auto& known) { return !first.quoted && known.first == first.text; });
  if (verb == kVerbs.end()) return unknown_verb(first);
  CommandReader reader(verb->second);
  for (auto word = words->begin() + 1; word != words->end(); ++word) {
    if (auto taken = reader.take(*word); !taken) return tl::unexpected(taken.error());
  }
  return reader.finish(static_cast<int>(line.size()));
}

Status edit(Config& config, const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kSet:
      if (operation.existing) {
        const auto place = canonical(operation.path);
        if (place && config.find(*place) == nullptr) {
          return fail(Errc::kNotFound, "E-404", "there is no " + place->to_string());
        }
      }
      return config.set(operation.path, operation.fields);
    case Operation::Kind::kDelete:
      return config.remove(operation.path, operation.names);
    case Operation::Kind::kRename:
      return config.rename(operation.path, operation.to);
    case Operation::Kind::kCopy:
      break;
  }
  return config.copy(operation.path, operation.to);
}

Status edit(Config& config, const std::vector<Operation>& operations) {
  Config edited = config;
  for (const Operation& operation : operations) {
    if (auto done = edit(edited, operation); !done) return done;
  }
  config = std::move(edited);
  return {};
}

std::string fields_text(const Path& path, const Fields& fields) {
  std::string text;
  for (const Field& field : find_type(path.kind())->fields) {
    const auto value = fields.find(field.name);
    if (value == fields.end()) continue;
    if (!field.positional) text += fmt::format(" {}", field.name);
    text += ' ' + quote(value->second);
  }
  return text;
}

std::string to_commands(const Config& config) {
  std::string text;
  const auto& records = config.records();
  for (auto at = records.begin(); at != records.end(); ++at) {
    const auto next = std::next(at);
    // A record without fields of its own is made by the first one that lives in it.
    if (at->second.empty() && next != records.end() &&
        next->first.words.size() > at->first.words.size()) {
      continue;
    }
    text += "set " + at->first.to_string() + fields_text(at->first, at->second) + '\n';
  }
  return text;
}

}  // namespace yoke::model
