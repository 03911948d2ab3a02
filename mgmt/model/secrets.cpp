// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/secrets.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mgmt/model/schema.h"

namespace yoke::model {
namespace {

bool is_secret(const Path& path, std::string_view name) {
  const RecordType* type = find_type(path.kind());
  const Field* field = type == nullptr ? nullptr : find_field(*type, name);
  return field != nullptr && field->secret;
}

// Where secrets are: few of many records.
std::vector<std::pair<Path, std::string>> secrets_in(const Config& config) {
  std::vector<std::pair<Path, std::string>> found;
  for (const auto& [path, fields] : config.records()) {
    for (const auto& [name, value] : fields) {
      if (is_secret(path, name)) found.emplace_back(path, name);
    }
  }
  return found;
}

void hide(std::optional<std::string>& value) {
  if (value) value = kHidden;
}

}  // namespace

Config hide_secrets(Config config) {
  for (const auto& [path, name] : secrets_in(config)) {
    (void)config.set(path, {{name, std::string(kHidden)}});
  }
  return config;
}

std::vector<Change> hide_secrets(std::vector<Change> changes) {
  for (Change& change : changes) {
    for (auto& [name, values] : change.fields) {
      if (!is_secret(change.path, name)) continue;
      hide(values.before);
      hide(values.after);
    }
  }
  return changes;
}

std::vector<Conflict> hide_secrets(std::vector<Conflict> conflicts) {
  for (Conflict& conflict : conflicts) {
    if (conflict.path.words.empty() || !is_secret(conflict.path, conflict.field)) continue;
    hide(conflict.mine);
    hide(conflict.theirs);
  }
  return conflicts;
}

std::size_t hidden_secrets(const Config& config) {
  return static_cast<std::size_t>(std::ranges::count_if(
      secrets_in(config),
      [&](const auto& secret) { return config.value(secret.first, secret.second) == kHidden; }));
}

void keep_secrets(Config& config, const Config& present) {
  for (const auto& [path, name] : secrets_in(config)) {
    if (config.value(path, name) != kHidden) continue;
    const std::string known = present.value(path, name);
    if (!known.empty()) (void)config.set(path, {{name, known}});
  }
}

bool names_secret(std::string_view line) {
  constexpr std::string_view kBetween = " \t\"'";
  constexpr std::size_t kShortest = 2;  // a letter alone abbreviates other words as well
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find_first_of(kBetween, begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    begin = end + 1;
    if (word.size() < kShortest) continue;
    for (const RecordType& type : schema()) {
      const bool is_named = std::ranges::any_of(type.fields, [&](const Field& field) {
        return field.secret && field.name.starts_with(word);
      });
      if (is_named) return true;
    }
  }
  return false;
}

}  // namespace yoke::model
